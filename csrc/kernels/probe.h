// The table entries of probe.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct ProbeKernels {
  // threads x rounds x multiply_adds floating-point multiply-adds; the sum keeps them from being dropped.
  float (*multiply_add)(int threads, int64_t rounds);
  int64_t multiply_adds;
  // y = x over size floats.
  void (*copy)(float* y, const float* x, int64_t size, int threads, bool streaming);
};

}  // namespace fastcnn
