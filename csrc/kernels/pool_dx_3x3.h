// pool_dx_3x3.cpp, and what it shares with pool_dx.cpp.
#pragma once
#include "pool_gather.h"

namespace fastcnn {
namespace ISA {

static inline void clear(float* p, int64_t size) {
  if (size > 0) memset(p, 0, (size_t)size * sizeof(float));
}

// Whether dx is stored past the caches where only dy is read: a shared cache has more room for it.
static inline bool streams_dx(const float* dx, const PoolShape& s) {
  return streams(dx, s.n * s.h.size * s.w.size * s.c / 2, s.c);
}

// 3 x 3 windows, two cells from each other, of whole vectors of channels.
bool takes_3x3_dx(const PoolShape& s);
void max_pool_3x3_dx(float* dx, const float* dy, const uint8_t* indices, const PoolShape& s);

}  // namespace ISA
}  // namespace fastcnn
