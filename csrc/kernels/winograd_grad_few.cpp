// Winograd's weight gradient of so few tiles that a product is a handful of steps, and its 36 sums for each channel and
// column would be most of what is moved: here they never leave the registers. The six points of a column of the
// transform are summed over the tiles for some channels and vectors of columns at a time, and go through the first half
// of G^T m G at once. v and g of a strip and a few columns lie tile by tile and stay in the core's first cache. Every
// sum is the same as in winograd_grad.cpp.
#include "conv_parts.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "winograd.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kRows = kLanes == 16 ? 2 : 1;  // channels and vectors of columns whose six sums are in registers
constexpr int kVectors = 2;
constexpr int64_t kTileFloats = kPoints * kLanes;  // of one vector

// dw[r][s][..] of kRows channels and kVectors vectors from (v, g) on, of which rows and columns are live.
void few_filters(float* dw, const float* v, const float* const (&g)[kVectors], const Conv2d& c, int64_t tiles, int rows,
                 int64_t columns, bool past) {
  vec half[kRows][kVectors][3][6];
#pragma GCC unroll 1
  for (int j = 0; j < 6; j++) {
    vec sums[kRows][kVectors][6];
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++)
#pragma GCC unroll 2
      for (int r = 0; r < kRows; r++)
#pragma GCC unroll 2
        for (int n = 0; n < kVectors; n++) sums[r][n][i] = zero();
#pragma GCC unroll 1
    for (int64_t at = j * kLanes, end = tiles * kTileFloats; at < end; at += kTileFloats)
#pragma GCC unroll 6
      for (int i = 0; i < 6; i++) {
        vec column[kVectors];
#pragma GCC unroll 2
        for (int n = 0; n < kVectors; n++) column[n] = load(g[n] + at + i * 6 * kLanes);
#pragma GCC unroll 2
        for (int r = 0; r < kRows; r++) {
          vec row = splat(v[at + i * 6 * kLanes + r]);
#pragma GCC unroll 2
          for (int n = 0; n < kVectors; n++) sums[r][n][i] = fma(row, column[n], sums[r][n][i]);
        }
      }
#pragma GCC unroll 2
    for (int r = 0; r < kRows; r++)
#pragma GCC unroll 2
      for (int n = 0; n < kVectors; n++) {
        vec o[3];
        filter_rows(sums[r][n], o);
#pragma GCC unroll 3
        for (int i = 0; i < 3; i++) half[r][n][i][j] = o[i];
      }
  }
#pragma GCC unroll 1
  for (int i = 0; i < 3; i++)
#pragma GCC unroll 2
    for (int r = 0; r < kRows; r++)
#pragma GCC unroll 2
      for (int n = 0; n < kVectors; n++) {
        int64_t left = columns - n * kLanes;
        if (r >= rows || left <= 0) continue;
        vec o[3];
        filter_rows(half[r][n][i], o);
        float* to = dw + i * 3 * c.c * c.k + r * c.k + n * kLanes;
#pragma GCC unroll 3
        for (int j = 0; j < 3; j++, to += c.c * c.k) {
          if (past)
            stream(to, o[j]);
          else
            store_first(to, o[j], (int)least(kLanes, left));
        }
      }
}

}  // namespace

void few_tiles_dw(float* dw, const float* v, const float* g, const Conv2d& c, int64_t tiles, int threads) {
  if (kLanes < kFewLanes) return;
  bool past = streams(dw, 9 * c.c * c.k, c.k);
  int64_t vector = tiles * kTileFloats;
  parallel_tasks(threads, ceil_div(c.c, kLanes), [&](int64_t strip, int) {
    int64_t first = strip * kLanes, channels = least(kLanes, c.c - first);
    for (int64_t k = 0; k < c.k; k += kVectors * kLanes) {
      const float* at = g + k / kLanes * vector;
      const float* columns[kVectors] = {at, c.k - k > kLanes ? at + vector : at};
      for (int64_t r = 0; r < channels; r += kRows)
        few_filters(dw + (first + r) * c.k + k, v + strip * vector + r, columns, c, tiles,
                    (int)least(kRows, channels - r), c.k - k, past);
    }
    if (past) stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
