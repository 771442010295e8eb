// y = a (op) b with broadcasting: bound by memory, so every byte once. Collapsed axes leave long inner runs (same
// shape, a scalar, a bias row, a scalar per pixel); where the innermost axis is short, or no whole lines, the smaller
// operand is first written out.
#include "arithmetic_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

void broadcast_over(Run run, char* y, int64_t unit, const float* a, const float* b, const Nest& nest, bool past,
                    float parameter) {
  const int64_t block = block_of(nest), last = nest.rank - 1;
  parallel_ranges(nest.size, block ? block : kGrain, nest.size / 16, [&](int64_t begin, int64_t end) {
    if (block) {
      Operand<float> left(a, nest, 0), right(b, nest, 1);
      for (int64_t to; begin < end; begin = to) {
        to = begin + block < end ? begin + block : end;
        run(y + begin * unit, left.at(begin, to), 1, right.at(begin, to), 1, to - begin, past, parameter);
      }
    } else {
      walk<2>(nest, nest.stride, begin, end, [&](int64_t position, const int64_t* offset, int64_t length) {
        run(y + position * unit, a + offset[0], nest.stride[0][last], b + offset[1], nest.stride[1][last], length, past,
            parameter);
      });
    }
    stream_fence();
  });
}

Run run_for(fastcnn_binary_op op) {
  switch (op) {
    case FASTCNN_BINARY_ADD:
      return floats([](vec p, vec q, vec) { return p + q; });
    case FASTCNN_BINARY_SUBTRACT:
      return floats([](vec p, vec q, vec) { return p - q; });
    case FASTCNN_BINARY_MULTIPLY:
      return floats([](vec p, vec q, vec) { return p * q; });
    case FASTCNN_BINARY_DIVIDE:
      return floats([](vec p, vec q, vec) { return p / q; });
    case FASTCNN_BINARY_MAXIMUM:  // max alone would lose a NaN in p
      return floats([](vec p, vec q, vec) { return select(p != p, p, max(p, q)); });
    case FASTCNN_BINARY_MINIMUM:
      return floats([](vec p, vec q, vec) { return select(p != p, p, min(p, q)); });
    default:
      return floats([](vec p, vec q, vec) { return (p - q) * (p - q); });
  }
}

void binary(float* y, const float* a, const float* b, const Nest& nest, fastcnn_binary_op op) {
  if (op == FASTCNN_BINARY_POWER) return power(y, a, b, nest);
  broadcast(run_for(op), y, a, b, nest);
}

void add_scaled(float* y, const float* a, const float* b, const Nest& nest, float scale) {
  broadcast(floats([](vec p, vec q, vec s) { return fma(s, q, p); }), y, a, b, nest, scale);
}

}  // namespace

void broadcast(Run run, float* y, const float* a, const float* b, const Nest& nest, float parameter) {
  bool past = y != a && y != b && nest.size * 4 >= kStreamFrom;
  broadcast_over(run, (char*)y, sizeof(float), a, b, nest, past, parameter);
}
void broadcast_bytes(Run run, uint8_t* y, const float* a, const float* b, const Nest& nest) {
  broadcast_over(run, (char*)y, 1, a, b, nest, false, 0);
}

extern const ArithmeticKernels arithmetic_kernels;
const ArithmeticKernels arithmetic_kernels = {binary, add_scaled, compare, where, unary, clip};

}  // namespace ISA
}  // namespace fastcnn
