// y = e^(x - max) / sum over c of e^(x - max); the logarithm is (x - max) - log(sum). Arrays are (outer, c, inner).
//
// inner = 1: a row is contiguous and stays in cache for its three passes (max, exponentials and their sum, scale).
// Otherwise vectors run along inner, in tiles of 64 columns that take the same three passes down the c axis.
#include "softmax.h"

#include "row_sums.h"
#include "runtime/parallel.h"
#include "vmath.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLeaf = 64;     // terms of a column's sum in one accumulator
constexpr int64_t kColumns = 64;  // a tile: four cache lines wide

void softmax_row(float* y, const float* x, int64_t c, bool log_of) {
  vec largest = splat(row_max(x, c));
  double sum = row_sum(c, [&](int64_t i, int n) {
    Wide e = wide_map(wide_load_or(x + i, n, -kInfinity), [&](vec a) { return exp(a - largest); });
    if (!log_of) wide_store_first(y + i, e, n);
    return e;
  });
  vec scale = splat((float)(1 / sum)), shift = log(splat((float)sum));
  for (int64_t i = 0; i < c; i += kLanes) {
    int n = c - i < kLanes ? (int)(c - i) : kLanes;
    vec a = load_first((log_of ? x : y) + i, n);
    store_first(y + i, log_of ? (a - largest) - shift : a * scale, n);
  }
}

// One vector of columns: x and y point to its first row, rows are `inner` apart.
void softmax_column(float* y, const float* x, int64_t c, int64_t inner, int n, bool log_of) {
  vec largest = splat(-kInfinity), sum = zero();
  for (int64_t j = 0; j < c; j++) largest = max(load_first(x + j * inner, n), largest);
  for (int64_t begin = 0; begin < c; begin += kLeaf) {
    vec part = zero();
    for (int64_t j = begin; j < c && j < begin + kLeaf; j++) {
      vec e = exp(load_first(x + j * inner, n) - largest);
      if (!log_of) store_first(y + j * inner, e, n);
      part += e;
    }
    sum += part;
  }
  vec scale = splat(1) / sum, shift = log(sum);
  for (int64_t j = 0; j < c; j++) {
    vec a = load_first((log_of ? x : y) + j * inner, n);
    store_first(y + j * inner, log_of ? (a - largest) - shift : a * scale, n);
  }
}

// dx = y (dy - sum(dy y)), or dx = dy - e^y sum(dy) for the logarithm.
void softmax_row_backward(float* dx, const float* dy, const float* y, int64_t c, bool log_of) {
  vec sum = splat((float)row_sum(c, [&](int64_t i, int n) {
    Wide g = wide_load_first(dy + i, n);
    return log_of ? g : wide_map(g, wide_load_first(y + i, n), [](vec a, vec b) { return a * b; });
  }));
  for (int64_t i = 0; i < c; i += kLanes) {
    int n = c - i < kLanes ? (int)(c - i) : kLanes;
    vec g = load_first(dy + i, n), a = load_first(y + i, n);
    store_first(dx + i, log_of ? fma(-exp(a), sum, g) : a * (g - sum), n);
  }
}

void softmax_column_backward(float* dx, const float* dy, const float* y, int64_t c, int64_t inner, int n, bool log_of) {
  vec sum = zero();
  for (int64_t begin = 0; begin < c; begin += kLeaf) {
    vec part = zero();
    for (int64_t j = begin; j < c && j < begin + kLeaf; j++) {
      vec g = load_first(dy + j * inner, n);
      part += log_of ? g : g * load_first(y + j * inner, n);
    }
    sum += part;
  }
  for (int64_t j = 0; j < c; j++) {
    vec g = load_first(dy + j * inner, n), a = load_first(y + j * inner, n);
    store_first(dx + j * inner, log_of ? fma(-exp(a), sum, g) : a * (g - sum), n);
  }
}

// row(offset) for every row, or column(offset, lanes) for every vector of columns.
template <class Row, class Column>
void each(int64_t outer, int64_t c, int64_t inner, Row row, Column column) {
  int64_t work = outer * inner * ((c + 15) / 16) * 8;
  if (inner == 1) {
    int64_t grain = c < 1024 ? 1024 / c : 1;
    parallel_ranges(outer, grain, work, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o++) row(o * c);
    });
    return;
  }
  int64_t tiles = (inner + kColumns - 1) / kColumns;
  parallel_for(outer * tiles, outer * c * ((inner + 15) / 16) * 8, [&](int64_t task) {
    int64_t o = task / tiles, begin = task % tiles * kColumns;
    for (int64_t i = begin; i < inner && i < begin + kColumns; i += kLanes)
      column(o * c * inner + i, inner - i < kLanes ? (int)(inner - i) : kLanes);
  });
}

void forward(float* y, const float* x, int64_t outer, int64_t c, int64_t inner, bool log_of) {
  each(
      outer, c, inner, [&](int64_t at) { softmax_row(y + at, x + at, c, log_of); },
      [&](int64_t at, int n) { softmax_column(y + at, x + at, c, inner, n, log_of); });
}

void backward(float* dx, const float* dy, const float* y, int64_t outer, int64_t c, int64_t inner, bool log_of) {
  each(
      outer, c, inner, [&](int64_t at) { softmax_row_backward(dx + at, dy + at, y + at, c, log_of); },
      [&](int64_t at, int n) { softmax_column_backward(dx + at, dy + at, y + at, c, inner, n, log_of); });
}

}  // namespace

extern const SoftmaxKernels softmax_kernels;
const SoftmaxKernels softmax_kernels = {forward, backward};

}  // namespace ISA
}  // namespace fastcnn
