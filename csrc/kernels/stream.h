// Which results are stored past the caches: those that would be gone from them before anyone reads them. It saves
// reading each line before it is overwritten, which is a third of what a pass moves.
#pragma once
#include <stdint.h>

namespace fastcnn {
namespace ISA {

constexpr int64_t kStreamFrom = int64_t(8) << 20;  // bytes: a few times what a core has for itself

// Only aligned vectors can be streamed.
static inline bool streams(const float* y, int64_t floats) {
  return floats * 4 >= kStreamFrom && (uintptr_t)y % 64 == 0;
}
// The same for rows of so many floats.
static inline bool streams(const float* y, int64_t floats, int64_t columns) {
  return streams(y, floats) && columns % 16 == 0;
}

}  // namespace ISA
}  // namespace fastcnn
