// Comparisons, floats to bytes of 0 and 1, and the choice between two arrays by such bytes.
#include "arithmetic_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

typedef int8_t bytes __attribute__((vector_size(kLanes)));

// f: vec, vec -> mask.
template <class F>
void map_compare(uint8_t* y, const float* a, const float* b, const Nest& nest, F f) {
  broadcast(a, b, nest, [&](int64_t at, const float* p, int64_t step_a, const float* q, int64_t step_b, int64_t n) {
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      vec left = step_a ? load(p + i) : splat(*p), right = step_b ? load(q + i) : splat(*q);
      bytes flags = __builtin_convertvector(f(left, right) & isplat(1), bytes);
      memcpy(y + at + i, &flags, kLanes);
    }
    if (i == n) return;
    int rest = (int)(n - i);
    vec left = step_a ? load_first(p + i, rest) : splat(*p), right = step_b ? load_first(q + i, rest) : splat(*q);
    bytes flags = __builtin_convertvector(f(left, right) & isplat(1), bytes);
    memcpy(y + at + i, &flags, (size_t)rest);
  });
}

// The lanes whose byte is not zero; only the first n bytes are read.
ivec flags_at(const uint8_t* p, int n) {
  bytes flags{};
  if (n == kLanes)
    memcpy(&flags, p, kLanes);
  else
    memcpy(&flags, p, (size_t)n);
  return __builtin_convertvector(flags, ivec) != isplat(0);
}

void run_where(float* y, const uint8_t* c, int64_t step_c, const float* a, int64_t step_a, const float* b,
               int64_t step_b, int64_t n, bool past) {
  ivec still = isplat(step_c ? 0 : -(int32_t)(*c != 0));
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    vec yes = step_a ? load(a + i) : splat(*a), no = step_b ? load(b + i) : splat(*b);
    put(y + i, select(step_c ? flags_at(c + i, kLanes) : still, yes, no), past);
  }
  if (i == n) return;
  int rest = (int)(n - i);
  vec yes = step_a ? load_first(a + i, rest) : splat(*a), no = step_b ? load_first(b + i, rest) : splat(*b);
  store_first(y + i, select(step_c ? flags_at(c + i, rest) : still, yes, no), rest);
}

}  // namespace

void compare(uint8_t* y, const float* a, const float* b, const Nest& nest, fastcnn_compare_op op) {
  switch (op) {
    case FASTCNN_COMPARE_EQUAL:
      return map_compare(y, a, b, nest, [](vec p, vec q) { return (ivec)(p == q); });
    case FASTCNN_COMPARE_NOT_EQUAL:
      return map_compare(y, a, b, nest, [](vec p, vec q) { return (ivec)(p != q); });
    case FASTCNN_COMPARE_LESS:
      return map_compare(y, a, b, nest, [](vec p, vec q) { return (ivec)(p < q); });
    case FASTCNN_COMPARE_LESS_EQUAL:
      return map_compare(y, a, b, nest, [](vec p, vec q) { return (ivec)(p <= q); });
    case FASTCNN_COMPARE_GREATER:
      return map_compare(y, a, b, nest, [](vec p, vec q) { return (ivec)(p > q); });
    case FASTCNN_COMPARE_GREATER_EQUAL:
      return map_compare(y, a, b, nest, [](vec p, vec q) { return (ivec)(p >= q); });
    default:
      return;
  }
}

void where(float* y, const uint8_t* condition, const float* a, const float* b, const Nest& nest) {
  bool past = y != a && y != b && streams(y, nest.size, nest.rank > 1 ? nest.dim[nest.rank - 1] : 16);
  parallel_ranges(nest.size, grain_of(nest), nest.size / 16, [&](int64_t begin, int64_t end) {
    if (short_rows(nest)) {
      Operand<uint8_t> flags(condition, nest, 0);
      Operand<float> yes(a, nest, 1), no(b, nest, 2);
      short_row_blocks(nest, begin, end, [&](int64_t from, int64_t to) {
        run_where(y + from, flags.at(nest, from, to), 1, yes.at(nest, from, to), 1, no.at(nest, from, to), 1, to - from,
                  past);
      });
      return stream_fence();
    }
    const int last = nest.rank - 1;
    walk<3>(nest, nest.stride, begin, end, [&](int64_t at, const int64_t* offset, int64_t n) {
      run_where(y + at, condition + offset[0], nest.stride[0][last], a + offset[1], nest.stride[1][last], b + offset[2],
                nest.stride[2][last], n, past);
    });
    stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
