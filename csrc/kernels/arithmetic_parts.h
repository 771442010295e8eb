// What the files of the arithmetic family share: the loop over one run, the broadcasting loop around it, and each
// file's entries of the table. Of a function only the loop over a run is compiled; the other loops call it by its
// address.
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

// y[i] = f(a[i step_a], b[i step_b], parameter) for i in [0, n); steps are 0 or 1, y is of floats or bytes.
using Run = void (*)(void* y, const float* a, int64_t step_a, const float* b, int64_t step_b, int64_t n, bool past,
                     float parameter);

// The run over the whole nest of two operands. y may be an operand.
void broadcast(Run run, float* y, const float* a, const float* b, const Nest& nest, float parameter = 0);
void broadcast_bytes(Run run, uint8_t* y, const float* a, const float* b, const Nest& nest);

constexpr int64_t kGrain = 1024;     // floats; a multiple of every vector width
constexpr int64_t kShortRow = 128;   // below this, the loop over rows would cost as much as the arithmetic
constexpr int64_t kExpanded = 1024;  // floats of an operand that are written out at a time
constexpr int64_t kSpread = 16;      // columns up to which its values are spread in registers

// How a nest is walked: row by row, or, where rows are short or cut up the lines of the result, by blocks of whole rows
// (0: not so) for which operands are written out.
static inline int64_t block_of(const Nest& nest) {
  int64_t n = nest.dim[nest.rank - 1];
  return nest.rank > 1 && (n < kShortRow || (n % 16 && n <= kExpanded / 2)) ? kExpanded / n * n : 0;
}

// An operand of a nest, block by block: in place where it is as large as the output, else written out on the stack. A
// row that repeats (a bias over few channels) is written out once.
template <class T>
struct Operand {
  const T *data, *held = nullptr;  // held: the row that fills the first held_size of the block
  int64_t n, step, next, held_size = 0;
  bool whole = true;
  Nest runs;             // of rows `next` apart
  ivec source[kSpread];  // of the lanes of the vectors that kLanes values fill
  T block[kExpanded + sizeof(vec)];

  Operand(const T* data, const Nest& nest, int k) : data(data) {
    const int last = nest.rank - 1;
    const int64_t* stride = nest.stride[k];
    for (int64_t axis = last, size = 1; axis >= 0; size *= nest.dim[axis--]) whole &= stride[axis] == size;
    n = nest.dim[last], step = stride[last], next = stride[last - 1];
    runs.rank = last;
    for (int axis = 0; axis < last; axis++) runs.dim[axis] = nest.dim[axis], runs.stride[0][axis] = stride[axis];
    runs.dim[last - 1] *= n, runs.stride[0][last - 1] = 0;
    for (int64_t i = 0, value = 0, end = n; spreads() && i < n * kLanes; i++) {
      if (i == end) value++, end += n;
      source[i / kLanes][i % kLanes] = (int32_t)value;
    }
  }
  bool spreads() const { return sizeof(T) == sizeof(float) && step == 0 && next == 1 && n <= kSpread; }
  const T* at(int64_t begin, int64_t end) {
    if (whole) return data + begin;
    walk<1>(runs, runs.stride, begin, end, [&](int64_t position, const int64_t* offset, int64_t length) {
      const T* row = data + offset[0] + position % runs.dim[runs.rank - 1] / n * next;
      int64_t to = position - begin;
      if (to == 0 && row == held && length <= held_size) return;
      if (to == 0) held = next ? nullptr : row, held_size = length;
      if (to < held_size) held_size = to ? to : held_size;
      fill(block + to, row, length);
    });
    return block;
  }
  void fill(T* to, const T* row, int64_t length) const {
    T* const end = to + length;
    if constexpr (sizeof(T) == sizeof(float)) {  // past a row's end there is room
      for (; spreads() && end - to >= n * kLanes; row += kLanes)
        for (int64_t k = 0; k < n; k++, to += kLanes) store(to, __builtin_shuffle(load(row), source[k]));
      for (; to < end && (next || end - to == length); to += n, row += next)
        for (int64_t i = 0; i < n; i += kLanes)
          store(to + i, step ? load_first(row + i, n - i < kLanes ? (int)(n - i) : kLanes) : splat(*row));
    } else {
      for (; to < end && (next || end - to == length); to += n, row += next)
        if (step == 0) {
          const ivec values = isplat((int32_t)(*row * 0x01010101u));  // past a row's end there is room
          for (int64_t i = 0; i < n; i += (int64_t)sizeof values) memcpy(to + i, &values, sizeof values);
        } else {
          for (int64_t i = 0; i < n; i++) to[i] = row[i * step];
        }
    }
    for (int64_t done = n, more; to < end; done += more, to += more) {  // a row that repeats is doubled
      more = done < end - to ? done : end - to;
      memcpy(to, to - done, (size_t)more * sizeof(T));
    }
  }
};

// How many floats come before the first whole vector of y that can be streamed.
static inline int64_t before_vectors(const float* y, int64_t n, bool past) {
  int64_t head = past ? -(int64_t)((uintptr_t)y / sizeof(float)) & (kLanes - 1) : 0;
  return head < n ? head : n;
}

// F: three vectors, a's, b's and the parameter's, to one.
template <class F>
static void run_of_floats(void* to, const float* a, int64_t step_a, const float* b, int64_t step_b, int64_t n,
                          bool past, float parameter) {
  const vec left = splat(*a), right = splat(*b), s = splat(parameter);
  float* y = (float*)to;
  int64_t i = 0;
  for (int64_t stop = before_vectors(y, n, past);; stop = n) {
    if (int rest = (int)(stop - i); rest > 0)
      store_first(y + i, F{}(step_a ? load_first(a + i, rest) : left, step_b ? load_first(b + i, rest) : right, s),
                  rest);
    if ((i = stop) == n) return;
    for (; i + kLanes <= n; i += kLanes)
      put(y + i, F{}(step_a ? load(a + i) : left, step_b ? load(b + i) : right, s), past);
  }
}
template <class F>
static Run floats(F) {
  return run_of_floats<F>;
}

}  // namespace ISA
}  // namespace fastcnn
