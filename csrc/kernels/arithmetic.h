// The table entries of arithmetic*.cpp. In a Nest the output is contiguous, stride[k] belongs to operand k, and the
// innermost strides are 0 or 1.
#pragma once
#include <stdint.h>

#include "fastcnn/arithmetic.h"
#include "nest.h"

namespace fastcnn {

struct ArithmeticKernels {
  // y = a (op) b; y may be an operand of its own shape.
  void (*binary)(float* y, const float* a, const float* b, const Nest& nest, fastcnn_binary_op op);
  // y = a + scale * b.
  void (*add_scaled)(float* y, const float* a, const float* b, const Nest& nest, float scale);
  // y = a (op) b ? 1 : 0.
  void (*compare)(uint8_t* y, const float* a, const float* b, const Nest& nest, fastcnn_compare_op op);
  // y = condition ? a : b; stride[0] is the condition's.
  void (*where)(float* y, const uint8_t* condition, const float* a, const float* b, const Nest& nest);
  // y = op(x); y may be x.
  void (*unary)(float* y, const float* x, int64_t size, fastcnn_unary_op op);
  void (*clip)(float* y, const float* x, int64_t size, float low, float high);
};

}  // namespace fastcnn
