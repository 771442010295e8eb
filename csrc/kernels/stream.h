// How passes over large arrays go easy on memory. Which results are stored past the caches: those that would be gone
// from them before anyone reads them. It saves reading each line before it is overwritten, which is a third of what a
// pass moves.
#pragma once
#include <stdint.h>

#include "vec.h"

namespace fastcnn {
namespace ISA {

constexpr int64_t kStreamFrom = int64_t(8) << 20;  // bytes: a few times what a core has for itself

// How far ahead of what they read, in floats, passes over several large arrays ask for memory: one page of each. The
// hardware's own prefetching follows one array well, several at once less so.
constexpr int64_t kAhead = 1024;

// Only aligned vectors can be streamed.
static inline bool streams(const float* y, int64_t floats) {
  return floats * 4 >= kStreamFrom && (uintptr_t)y % 64 == 0;
}
// The same for rows of so many floats.
static inline bool streams(const float* y, int64_t floats, int64_t columns) {
  return streams(y, floats) && columns % 16 == 0;
}

// One vector of a result, past the caches or not. A branch that always goes the same way costs less than a second loop.
static inline void put(float* y, vec v, bool past) { past ? stream(y, v) : store(y, v); }

}  // namespace ISA
}  // namespace fastcnn
