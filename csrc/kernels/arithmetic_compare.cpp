// Comparisons, floats to bytes of 0 and 1, and the choice between two arrays by such bytes.
#include "arithmetic_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

// F: vec, vec -> mask.
template <class F>
void run_of_bytes(void* to, const float* a, int64_t step_a, const float* b, int64_t step_b, int64_t n, bool, float) {
  const vec left = splat(*a), right = splat(*b);
  uint8_t* y = (uint8_t*)to;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes)
    store_bytes(y + i, F{}(step_a ? load(a + i) : left, step_b ? load(b + i) : right) & isplat(1));
  if (i == n) return;
  int rest = (int)(n - i);
  uint8_t flags[kLanes];
  store_bytes(flags,
              F{}(step_a ? load_first(a + i, rest) : left, step_b ? load_first(b + i, rest) : right) & isplat(1));
  memcpy(y + i, flags, (size_t)rest);
}
template <class F>
Run bytes_of(F) {
  return run_of_bytes<F>;
}

Run run_for(fastcnn_compare_op op) {
  switch (op) {
    case FASTCNN_COMPARE_EQUAL:
      return bytes_of([](vec p, vec q) { return (ivec)(p == q); });
    case FASTCNN_COMPARE_NOT_EQUAL:
      return bytes_of([](vec p, vec q) { return (ivec)(p != q); });
    case FASTCNN_COMPARE_LESS:
    case FASTCNN_COMPARE_GREATER:
      return bytes_of([](vec p, vec q) { return (ivec)(p < q); });
    default:
      return bytes_of([](vec p, vec q) { return (ivec)(p <= q); });
  }
}

// The lanes whose byte is not zero; only the first n bytes are read.
ivec flags_at(const uint8_t* p, int n) {
  if (n == kLanes) return load_bytes(p) != isplat(0);
  uint8_t flags[kLanes] = {};
  memcpy(flags, p, (size_t)n);
  return load_bytes(flags) != isplat(0);
}

void run_where(float* y, const uint8_t* c, int64_t step_c, const float* a, int64_t step_a, const float* b,
               int64_t step_b, int64_t n, bool past) {
  const ivec still = isplat(-(int32_t)(*c != 0));
  const vec left = splat(*a), right = splat(*b);
  int64_t i = 0;
  for (int64_t stop = before_vectors(y, n, past);; stop = n) {
    if (int rest = (int)(stop - i); rest > 0) {
      vec yes = step_a ? load_first(a + i, rest) : left, no = step_b ? load_first(b + i, rest) : right;
      store_first(y + i, select(step_c ? flags_at(c + i, rest) : still, yes, no), rest);
    }
    if ((i = stop) == n) return;
    for (; i + kLanes <= n; i += kLanes) {
      vec yes = step_a ? load(a + i) : left, no = step_b ? load(b + i) : right;
      put(y + i, select(step_c ? flags_at(c + i, kLanes) : still, yes, no), past);
    }
  }
}

}  // namespace

void compare(uint8_t* y, const float* a, const float* b, const Nest& nest, fastcnn_compare_op op) {
  if (op != FASTCNN_COMPARE_GREATER && op != FASTCNN_COMPARE_GREATER_EQUAL)
    return broadcast_bytes(run_for(op), y, a, b, nest);
  Nest turned = nest;  // a > b is b < a
  for (int axis = 0; axis < nest.rank; axis++)
    turned.stride[0][axis] = nest.stride[1][axis], turned.stride[1][axis] = nest.stride[0][axis];
  broadcast_bytes(run_for(op), y, b, a, turned);
}

void where(float* y, const uint8_t* condition, const float* a, const float* b, const Nest& nest) {
  bool past = y != a && y != b && nest.size * 4 >= kStreamFrom;
  const int64_t block = block_of(nest), last = nest.rank - 1;
  parallel_ranges(nest.size, block ? block : kGrain, nest.size / 16, [&](int64_t begin, int64_t end) {
    if (block) {
      Operand<uint8_t> flags(condition, nest, 0);
      Operand<float> yes(a, nest, 1), no(b, nest, 2);
      for (int64_t to; begin < end; begin = to) {
        to = begin + block < end ? begin + block : end;
        run_where(y + begin, flags.at(begin, to), 1, yes.at(begin, to), 1, no.at(begin, to), 1, to - begin, past);
      }
    } else {
      walk<3>(nest, nest.stride, begin, end, [&](int64_t at, const int64_t* offset, int64_t n) {
        run_where(y + at, condition + offset[0], nest.stride[0][last], a + offset[1], nest.stride[1][last],
                  b + offset[2], nest.stride[2][last], n, past);
      });
    }
    stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
