// The table entries of activation.cpp.
#pragma once
#include <stdint.h>

#include "fastcnn/core.h"

namespace fastcnn {

struct ActivationKernels {
  // y = f(x), elementwise; y may be x.
  void (*forward)(float* y, const float* x, int64_t size, fastcnn_activation f, float alpha);
  // dx = dy * f'(x); dx may be dy.
  void (*backward)(float* dx, const float* dy, const float* x, int64_t size, fastcnn_activation f, float alpha);
};

}  // namespace fastcnn
