// The table entries of reduce.cpp and reduce_arg.cpp. Every reduction is x (outer, r, inner) -> y (outer, inner).
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fastcnn/arithmetic.h"

namespace fastcnn {

enum class Fold { sum, product, max, min, squares, moments, nonzero, nonfinite };
enum class Finish { value, mean, root, variance, deviation, count };

struct ReduceShape {
  int64_t outer, r, inner;
};

struct ReduceKernels {
  // Bytes of scratch that `reduce` needs.
  size_t (*scratch)(const ReduceShape& shape, Fold fold);
  // y = finish(fold of x over r): floats, or int64_t for Finish::count. center (outer, inner): moments are taken about
  // it; null otherwise.
  void (*reduce)(void* y, const float* x, const float* center, char* scratch, const ReduceShape& shape, Fold fold,
                 Finish finish);
  // y = the first index of the largest (smallest) element, or of the first NaN; 0 < r < 2^31.
  void (*arg)(int64_t* y, const float* x, const ReduceShape& shape, bool largest);
};

}  // namespace fastcnn
