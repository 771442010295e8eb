// A loop nest over arrays of one shape, axes collapsed: neighbours that every array walks in one stride become one
// axis, axes of size 1 vanish. Kernels see few axes with long inner runs, whatever rank the caller has.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct Nest {
  static constexpr int kAxes = 16, kArrays = 3;
  int rank = 0;
  int64_t size = 1;  // product of the dims
  int64_t dim[kAxes];
  int64_t stride[kArrays][kAxes];  // in elements; 0: broadcast

  // Axes are added from the outermost to the innermost.
  void add(int64_t n, int64_t s0, int64_t s1 = 0, int64_t s2 = 0) {
    size *= n;
    if (n == 1) return;
    const int64_t s[kArrays] = {s0, s1, s2};
    bool joins = rank > 0;
    for (int k = 0; k < kArrays && joins; k++) joins = stride[k][rank - 1] == s[k] * n;
    int axis = joins ? rank - 1 : rank++;
    dim[axis] = joins ? dim[axis] * n : n;
    for (int k = 0; k < kArrays; k++) stride[k][axis] = s[k];
  }
  // A nest has an innermost axis, even that of a single element.
  void close() {
    if (rank > 0) return;
    rank = 1, dim[0] = 1;
    for (int k = 0; k < kArrays; k++) stride[k][0] = 1;
  }
};

// f(position, offsets, length) for every run of the innermost axis within [begin, end) of the flat nest. offsets: where
// the run starts in each of N arrays, whose strides are stride[0..N).
template <int N, class F>
static inline void walk(const Nest& nest, const int64_t (*stride)[Nest::kAxes], int64_t begin, int64_t end, F f) {
  int last = nest.rank - 1;
  int64_t n = nest.dim[last], row = begin / n, column = begin % n;
  int64_t index[Nest::kAxes], offset[N], at[N];
  for (int k = 0; k < N; k++) offset[k] = 0;
  for (int axis = last - 1; axis >= 0; axis--) {
    index[axis] = row % nest.dim[axis];
    row /= nest.dim[axis];
    for (int k = 0; k < N; k++) offset[k] += index[axis] * stride[k][axis];
  }
  while (begin < end) {
    int64_t length = n - column < end - begin ? n - column : end - begin;
    for (int k = 0; k < N; k++) at[k] = offset[k] + column * stride[k][last];
    f(begin, at, length);
    begin += length;
    column = 0;
    for (int axis = last - 1; axis >= 0; axis--) {
      for (int k = 0; k < N; k++) offset[k] += stride[k][axis];
      if (++index[axis] < nest.dim[axis]) break;
      index[axis] = 0;
      for (int k = 0; k < N; k++) offset[k] -= nest.dim[axis] * stride[k][axis];
    }
  }
}

}  // namespace fastcnn
