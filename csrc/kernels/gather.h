// A product whose left side is gathered: row (n, i, j) holds, tap after tap, the runs of x that output pixel sees.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "micro.h"

namespace fastcnn {
namespace ISA {

// y[n, i, j, :] = sum over taps t, p < run of x[n, i * step_h + tap_h[t], j * step_w + tap_w[t], p] * filter[t][p][:]
// A tap outside (h, w) reads zeros. Strides are in floats.
struct Gather {
  float* y;
  int64_t n, oh, ow;
  int64_t y_image, y_row, y_pixel;
  const float* x;
  int64_t h, w, x_image, x_row, x_pixel;
  int64_t step_h, step_w;
  int64_t taps, run;
  const int64_t* tap_h;
  const int64_t* tap_w;
  int64_t reach = 1;                 // the columns of x that a run covers; beyond x's sides it reads zeros
  bool inside;                       // no tap ever leaves x
  const fastcnn_prologue* prologue;  // how x is read, or null; of a single tap

  // filter[t][p][j] = filter[tap_at[t] + p * run_stride + j], or transposed: + j * run_stride + p
  const float* filter;
  const int64_t* tap_at;
  int64_t run_stride;
  bool transposed;
  int64_t columns;
  const float* prepared;  // the filter as gather_pack leaves it, or null

  // y = activation(sum + bias + residual); the residual's elements lie as y's do, counted from y_origin.
  fastcnn_epilogue epilogue;
  const float* y_origin;
  bool stream;  // y is written past the caches
};

// patched: some runs of several columns leave x.
size_t gather_workspace(int64_t pixels, int64_t taps, int64_t run, int64_t columns, int threads, bool prologue = false,
                        bool patched = false);
// The whole filter in panels, for `prepared`.
int64_t gather_packed_floats(int64_t taps, int64_t run, int64_t columns);
void gather_pack(float* to, const Gather& g, int threads);
// pack_columns (pack.h), once: it is long.
void pack_turned(float* to, const float* from, int64_t stride, int64_t depth, int columns);
void gather_product(const Gather& g, char* workspace, int threads);

}  // namespace ISA
}  // namespace fastcnn
