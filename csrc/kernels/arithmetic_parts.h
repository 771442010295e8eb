// What the files of the arithmetic family share: the broadcasting loop, and each file's entries of the table.
#pragma once
#include "arithmetic.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

void power(float* y, const float* a, const float* b, const Nest& nest);
void compare(uint8_t* y, const float* a, const float* b, const Nest& nest, fastcnn_compare_op op);
void where(float* y, const uint8_t* condition, const float* a, const float* b, const Nest& nest);
void unary(float* y, const float* x, int64_t size, fastcnn_unary_op op);
void clip(float* y, const float* x, int64_t size, float low, float high);

constexpr int64_t kGrain = 1024;     // floats; a multiple of every vector width
constexpr int64_t kShortRow = 32;    // below this, the loop over rows would cost more than the arithmetic
constexpr int64_t kExpanded = 1024;  // floats of an operand that are written out at a time

// An operand of a nest with short rows, block by block: in place where it is as large as the output, else written out
// on the stack. A row that repeats (a bias over few channels) is written out once.
template <class T>
struct Operand {
  const T* data;
  const int64_t (*stride)[Nest::kAxes];
  bool whole, repeats;
  bool ready = false;
  T block[kExpanded];

  Operand(const T* data, const Nest& nest, int k) : data(data), stride(nest.stride + k) {
    int64_t step = 1;
    whole = true;
    for (int axis = nest.rank - 1; axis >= 0; step *= nest.dim[axis--]) whole &= (*stride)[axis] == step;
    repeats = nest.rank == 2 && (*stride)[0] == 0;
  }
  const T* at(const Nest& nest, int64_t begin, int64_t end) {
    if (whole) return data + begin;
    if (ready) return block;
    ready = repeats;  // the first block is the longest
    int64_t step = (*stride)[nest.rank - 1];
    walk<1>(nest, stride, begin, end, [&](int64_t position, const int64_t* offset, int64_t length) {
      for (int64_t i = 0; i < length; i++) block[position - begin + i] = data[offset[0] + i * step];
    });
    return block;
  }
};

static inline bool short_rows(const Nest& nest) { return nest.rank > 1 && nest.dim[nest.rank - 1] < kShortRow; }

// f(begin, end) over the flat output: blocks of whole rows where rows are short, as many as an Operand holds.
template <class F>
static void short_row_blocks(const Nest& nest, int64_t begin, int64_t end, F f) {
  int64_t n = nest.dim[nest.rank - 1], block = kExpanded / n * n;
  for (; begin < end; begin += block) f(begin, begin + block < end ? begin + block : end);
}
static inline int64_t grain_of(const Nest& nest) {
  int64_t n = nest.dim[nest.rank - 1];
  return short_rows(nest) ? kExpanded / n * n : kGrain;
}

// run(y position, a, step of a, b, step of b, length) over the whole nest of two operands; steps are 0 or 1.
template <class F>
static void broadcast(const float* a, const float* b, const Nest& nest, F run) {
  parallel_ranges(nest.size, grain_of(nest), nest.size / 16, [&](int64_t begin, int64_t end) {
    if (short_rows(nest)) {
      Operand<float> left(a, nest, 0), right(b, nest, 1);
      short_row_blocks(nest, begin, end, [&](int64_t from, int64_t to) {
        run(from, left.at(nest, from, to), 1, right.at(nest, from, to), 1, to - from);
      });
      return stream_fence();
    }
    int64_t step_a = nest.stride[0][nest.rank - 1], step_b = nest.stride[1][nest.rank - 1];
    walk<2>(nest, nest.stride, begin, end, [&](int64_t position, const int64_t* offset, int64_t length) {
      run(position, a + offset[0], step_a, b + offset[1], step_b, length);
    });
    stream_fence();
  });
}

// y = f(a, b) over one run; a step of 0 holds its operand still.
template <class F>
static inline void run_binary(float* y, const float* a, int64_t step_a, const float* b, int64_t step_b, int64_t n,
                              bool past, F f) {
  int64_t i = 0;
  if (step_a && step_b) {
    for (; i + kLanes <= n; i += kLanes) put(y + i, f(load(a + i), load(b + i)), past);
    if (i < n) store_first(y + i, f(load_first(a + i, (int)(n - i)), load_first(b + i, (int)(n - i))), (int)(n - i));
  } else if (step_a) {
    vec right = splat(*b);
    for (; i + kLanes <= n; i += kLanes) put(y + i, f(load(a + i), right), past);
    if (i < n) store_first(y + i, f(load_first(a + i, (int)(n - i)), right), (int)(n - i));
  } else if (step_b) {
    vec left = splat(*a);
    for (; i + kLanes <= n; i += kLanes) put(y + i, f(left, load(b + i)), past);
    if (i < n) store_first(y + i, f(left, load_first(b + i, (int)(n - i))), (int)(n - i));
  } else {
    vec both = f(splat(*a), splat(*b));
    for (; i + kLanes <= n; i += kLanes) put(y + i, both, past);
    if (i < n) store_first(y + i, both, (int)(n - i));
  }
}

// y = f(a, b) over the whole nest.
template <class F>
static void map_binary(float* y, const float* a, const float* b, const Nest& nest, F f) {
  bool past = y != a && y != b && streams(y, nest.size, nest.rank > 1 ? nest.dim[nest.rank - 1] : 16);
  broadcast(a, b, nest,
            [&](int64_t at, const float* left, int64_t step_a, const float* right, int64_t step_b, int64_t n) {
              run_binary(y + at, left, step_a, right, step_b, n, past, f);
            });
}

// y = f(x), one pass.
template <class F>
static void map_unary(float* y, const float* x, int64_t size, F f) {
  bool past = y != x && streams(y, size);
  parallel_ranges(size, kGrain, size / 16, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) put(y + i, f(load(x + i)), past);
    if (i < end) store_first(y + i, f(load_first(x + i, (int)(end - i))), (int)(end - i));
    stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
