// Panels of B for the micro-kernel: kPanel columns side by side, one row of them per step of the sum, zeros where the
// last panel has no columns of its own. A panel of few columns is only as wide as its vectors.
#pragma once
#include "micro.h"

namespace fastcnn {
namespace ISA {

static inline int panel_width(int64_t columns) {  // of a panel with this many columns left
  int64_t lanes = (columns + kLanes - 1) / kLanes * kLanes;
  return (int)(lanes < kPanel ? lanes : kPanel);
}
static inline int64_t panel_count(int64_t columns) { return (columns + kPanel - 1) / kPanel; }
static inline int64_t padded_columns(int64_t columns) { return (columns + kLanes - 1) / kLanes * kLanes; }

// to[p][j] = from[p * stride + j], p < depth, j < columns <= kPanel. A row is only a few cache lines, which no hardware
// prefetcher sees coming across a long stride: so the lines some rows ahead are asked for, counted from the end: a row
// need not begin with a line, and the one it begins in then was the last of the panel before.
constexpr int64_t kRowsAhead = 16;
static inline void pack_rows(float* to, const float* from, int64_t stride, int64_t depth, int columns) {
  int full = columns / kLanes, tail = columns % kLanes;
  for (int64_t p = 0; p < depth; p++, from += stride) {
    if (p + kRowsAhead < depth)
      for (int j = columns - 1; j >= 0; j -= 16) __builtin_prefetch(from + kRowsAhead * stride + j);
    for (int v = 0; v < full; v++, to += kLanes) store(to, load(from + v * kLanes));
    if (tail) {
      store(to, load_first(from + full * kLanes, tail));
      to += kLanes;
    }
  }
}

// to[p * step + j] = from[j * stride + p], j < live, one vector of columns; the other lanes are zero.
static inline void pack_vector(float* to, int64_t step, const float* from, int64_t stride, int64_t depth, int live) {
  alignas(64) float edge[kLanes * kLanes];
  for (int64_t p = 0; p < depth; p += kLanes, from += kLanes) {
    int length = depth - p < kLanes ? (int)(depth - p) : kLanes;
    const float* block = from;
    int64_t row = stride;
    if (length < kLanes || live < kLanes) {
#pragma GCC unroll 1
      for (int j = 0; j < kLanes; j++)
        store(edge + j * kLanes, j < live ? load_first(from + j * stride, length) : zero());
      block = edge, row = kLanes;
    }
    vec r[kLanes];
#pragma GCC unroll 16
    for (int j = 0; j < kLanes; j++) r[j] = load(block + j * row);
    transpose(r);
#pragma GCC unroll 16
    for (int j = 0; j < kLanes; j++) {
      if (j == length) break;
      store(to, r[j]);
      to += step;
    }
  }
}

// to[p][j] = from[j * stride + p]: the same of a transposed matrix, in square blocks.
static inline void pack_columns(float* to, const float* from, int64_t stride, int64_t depth, int columns) {
  int width = panel_width(columns);
  for (int j = 0; j < width; j += kLanes)
    pack_vector(to + j, width, from + j * stride, stride, depth, columns - j < kLanes ? columns - j : kLanes);
}

}  // namespace ISA
}  // namespace fastcnn
