// Softmax down the c axis of (c, inner): vectors run along inner, a tile of columns at a time. The tile's rows lie
// `inner` apart, so they are asked for ahead, and it is narrow enough for all passes to find it in the cache.
#pragma once
#include "lanes.h"
#include "vmath.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLeaf = 64;                      // terms of a column's sum in one accumulator
constexpr int64_t kColumns = 1024, kTile = 32768;  // columns and floats of a tile, at most,
constexpr int64_t kFewColumns = 64;                // but so many columns at least
constexpr int64_t kRowsAhead = 4;

// sum[i] = the sum of term(offset, lanes) down a column, a leaf at a time: the order does not depend on the tile.
template <class Term>
inline void sum_columns(float* sum, int64_t c, int64_t inner, int64_t width, Term term) {
  alignas(64) float part[kColumns];
  for_lanes(width, [&](int64_t i, int) { store(sum + i, zero()); });
  for (int64_t begin = 0; begin < c; begin += kLeaf) {
    for_lanes(width, [&](int64_t i, int) { store(part + i, zero()); });
    for (int64_t j = begin; j < c && j < begin + kLeaf; j++)
      for_lanes(width, [&](int64_t i, int n) { store(part + i, load(part + i) + term(j * inner + i, i, n)); });
    for_lanes(width, [&](int64_t i, int) { store(sum + i, load(sum + i) + load(part + i)); });
  }
}

// A tile: x and y point to its first row, rows are `inner` apart.
void softmax_columns(float* y, const float* x, int64_t c, int64_t inner, int64_t width, bool log_of) {
  alignas(64) float largest[kColumns], sum[kColumns];
  for_lanes(width, [&](int64_t i, int) { store(largest + i, splat(-kInfinity)); });
  for (int64_t j = 0; j < c; j++)
    for_lanes(width, [&](int64_t i, int n) {
      const float* from = x + j * inner + i;
      __builtin_prefetch(from + kRowsAhead * inner);
      store(largest + i, max(load_some(from, n), load(largest + i)));
    });
  sum_columns(sum, c, inner, width, [&](int64_t at, int64_t i, int n) {
    vec e = value(exp_parts(load_some(x + at, n) - load(largest + i)));
    if (!log_of) store_some(y + at, e, n);
    return e;
  });
  for_lanes(width, [&](int64_t i, int) {
    vec s = load(sum + i);
    store(sum + i, log_of ? log(s) : splat(1) / s);
  });
  for (int64_t j = 0; j < c; j++)
    for_lanes(width, [&](int64_t i, int n) {
      int64_t at = j * inner + i;
      vec a = load_some((log_of ? x : y) + at, n), s = load(sum + i);
      store_some(y + at, log_of ? (a - load(largest + i)) - s : a * s, n);
    });
}

void softmax_columns_backward(float* dx, const float* dy, const float* y, int64_t c, int64_t inner, int64_t width,
                              bool log_of) {
  alignas(64) float sum[kColumns];
  sum_columns(sum, c, inner, width, [&](int64_t at, int64_t, int n) {
    __builtin_prefetch(dy + at + kRowsAhead * inner);
    __builtin_prefetch(y + at + kRowsAhead * inner);
    vec g = load_some(dy + at, n);
    return log_of ? g : g * load_some(y + at, n);
  });
  for (int64_t j = 0; j < c; j++)
    for_lanes(width, [&](int64_t i, int n) {
      int64_t at = j * inner + i;
      vec g = load_some(dy + at, n), a = load_some(y + at, n), s = load(sum + i);
      store_some(dx + at, log_of ? fma(-value(exp_parts(a)), s, g) : a * (g - s), n);
    });
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
