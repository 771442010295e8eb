// What the files of the shape family share.
#pragma once
#include "runtime/parallel.h"
#include "shape.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

void transpose(float* y, const float* x, const Nest& nest);
void pad(float* y, const float* x, const PadNest& nest, fastcnn_pad_mode mode, float value);
void fold_axis(float* dx, const float* dy, int64_t outer, int64_t n, int64_t before, int64_t after, int64_t run,
               fastcnn_pad_mode mode);

constexpr int64_t kTask = 8192;  // floats of one task, at least

// A run of any length; short ones do not pay for a call. past: whole lines of y go past the caches.
static inline void copy_run(float* y, const float* x, int64_t n, bool past = false) {
  if (n >= 1024 && !past) {
    memcpy(y, x, (size_t)n * sizeof(float));
    return;
  }
  past &= (uintptr_t)y % 64 == 0;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) put(y + i, load(x + i), past);
  if (i < n) store_first(y + i, load_first(x + i, (int)(n - i)), (int)(n - i));
}
static inline void fill_run(float* y, float value, int64_t n) {
  vec v = splat(value);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(y + i, v);
  if (i < n) store_first(y + i, v, (int)(n - i));
}

}  // namespace ISA
}  // namespace fastcnn
