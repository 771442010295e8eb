// The lanes of vectors where a row ends: n numbers, of which kLanes are the usual case and need no mask.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {

static inline __attribute__((always_inline)) vec load_some(const float* p, int n) {
  return n == kLanes ? load(p) : load_first(p, n);
}
static inline __attribute__((always_inline)) void store_some(float* p, vec v, int n) {
  n == kLanes ? store(p, v) : store_first(p, v, n);
}

// step(i, n) over [0, size): whole vectors, then the tail.
template <class F>
static inline __attribute__((always_inline)) void for_lanes(int64_t size, F step) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) step(i, kLanes);
  if (i < size) step(i, (int)(size - i));
}

// 0, 1, 2, ...
static inline ivec lane_numbers() {
  ivec lanes;
  for (int l = 0; l < kLanes; l++) lanes[l] = l;
  return lanes;
}

}  // namespace ISA
}  // namespace fastcnn
