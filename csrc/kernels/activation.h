// The table entries of activation.cpp, activation_backward.cpp, prelu.cpp and maxout.cpp.
#pragma once
#include <stdint.h>

#include "fastcnn/activation.h"
#include "fastcnn/core.h"

namespace fastcnn {

struct ActivationKernels {
  // y = f(x), elementwise; y may be x.
  void (*forward)(float* y, const float* x, int64_t size, fastcnn_activation f, float alpha);
  // dx = dy * f'(x); dx may be dy or x.
  void (*backward)(float* dx, const float* dy, const float* x, int64_t size, fastcnn_activation f, float alpha);
  // y = f(x) for the functions that the activations are made of; y may be x.
  void (*elementary)(float* y, const float* x, int64_t size, fastcnn_function f);
  // y = max(x, 0) + alpha min(x, 0); x, y: (rows, c), alpha: (c,)
  void (*prelu)(float* y, const float* x, const float* alpha, int64_t rows, int64_t c);
  // dx as x; dalpha: (c,), the sum over rows of dy min(x, 0). scratch: prelu_scratch(rows, c) floats.
  int64_t (*prelu_scratch)(int64_t rows, int64_t c);
  void (*prelu_backward)(float* dx, float* dalpha, const float* dy, const float* x, const float* alpha, float* scratch,
                         int64_t rows, int64_t c);
  // y: (outer, units, inner) = the largest of x: (outer, units, pieces, inner); dx goes to the first of the largest.
  void (*maxout)(float* y, const float* x, int64_t outer, int64_t units, int64_t pieces, int64_t inner);
  void (*maxout_backward)(float* dx, const float* dy, const float* x, int64_t outer, int64_t units, int64_t pieces,
                          int64_t inner);
};

}  // namespace fastcnn
