// y = a (op) b with broadcasting: bound by memory, so every byte once. Collapsed axes leave long inner runs (same
// shape, a scalar, a bias row, a scalar per pixel); where the innermost axis is short, the smaller operand is first
// written out.
#include "arithmetic_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

void binary(float* y, const float* a, const float* b, const Nest& nest, fastcnn_binary_op op) {
  switch (op) {
    case FASTCNN_BINARY_ADD:
      return map_binary(y, a, b, nest, [](vec p, vec q) { return p + q; });
    case FASTCNN_BINARY_SUBTRACT:
      return map_binary(y, a, b, nest, [](vec p, vec q) { return p - q; });
    case FASTCNN_BINARY_MULTIPLY:
      return map_binary(y, a, b, nest, [](vec p, vec q) { return p * q; });
    case FASTCNN_BINARY_DIVIDE:
      return map_binary(y, a, b, nest, [](vec p, vec q) { return p / q; });
    case FASTCNN_BINARY_MAXIMUM:  // max alone would lose a NaN in p
      return map_binary(y, a, b, nest, [](vec p, vec q) { return select(p != p, p, max(p, q)); });
    case FASTCNN_BINARY_MINIMUM:
      return map_binary(y, a, b, nest, [](vec p, vec q) { return select(p != p, p, min(p, q)); });
    case FASTCNN_BINARY_SQUARED_DIFFERENCE:
      return map_binary(y, a, b, nest, [](vec p, vec q) { return (p - q) * (p - q); });
    case FASTCNN_BINARY_POWER:
      return power(y, a, b, nest);
    default:
      return;
  }
}

void add_scaled(float* y, const float* a, const float* b, const Nest& nest, float scale) {
  vec s = splat(scale);
  map_binary(y, a, b, nest, [=](vec p, vec q) { return fma(s, q, p); });
}

}  // namespace

extern const ArithmeticKernels arithmetic_kernels;
const ArithmeticKernels arithmetic_kernels = {binary, add_scaled, compare, where, unary, clip};

}  // namespace ISA
}  // namespace fastcnn
