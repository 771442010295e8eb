// The table entries of gemm.cpp.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fastcnn/core.h"

namespace fastcnn {

// y (batch, m, n) = op(a) op(b), where op(a) is (m, k) and op(b) (k, n); a_step and b_step are the floats from one
// matrix of the batch to the next, 0 where all share one. finite_b: the caller's word that b holds neither
// infinities nor NaN.
struct Matmul {
  int64_t batch, m, n, k;
  bool transpose_a, transpose_b;
  int64_t a_step, b_step;
  bool finite_b;
};

struct GemmKernels {
  size_t (*workspace)(const Matmul&, int threads);
  void (*matmul)(float* y, const float* a, const float* b, const Matmul&, const fastcnn_epilogue&, char* workspace,
                 int threads);
};

}  // namespace fastcnn
