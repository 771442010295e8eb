// The table entries of softmax.cpp. All arrays are (outer, c, inner); the sum runs over c.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct SoftmaxKernels {
  // y = softmax(x), or its logarithm; y may be x.
  void (*forward)(float* y, const float* x, int64_t outer, int64_t c, int64_t inner, bool log);
  // dx from dy and the forward's y; dx may be dy.
  void (*backward)(float* dx, const float* dy, const float* y, int64_t outer, int64_t c, int64_t inner, bool log);
};

}  // namespace fastcnn
