// The table entries of the pool_*.cpp files.
#pragma once
#include <stdint.h>

#include "fastcnn/core.h"

namespace fastcnn {

// One axis of a pooling: `out` windows, `stride` from each other, of `kernel` cells that lie `dilation` apart, over
// `size` cells with `before` and `after` cells of padding.
struct PoolAxis {
  int64_t size, out, kernel, stride, dilation, before, after;
};
struct PoolShape {
  int64_t n, c;
  PoolAxis h, w;
  int64_t y_pixel;  // floats from one pixel of y to the next: c, or more where there are no indices
};

// x: (n, h, w, c), y: (n, oh, ow, c). indices: the shape of y; for each output the cell of its window, i * kw + j, that
// holds the maximum. index_bytes: 1 where windows have at most 256 cells (uint8), else 4 (int32); 0 without indices.
struct PoolKernels {
  // y or indices may be null. through: how x is read, or null; with indices of one byte.
  void (*max_pool)(float* y, void* indices, int index_bytes, const float* x, const fastcnn_prologue* through,
                   const PoolShape& shape);
  // indices may be null where there is x to find them again, in scratch if need be, which has room for them.
  void (*max_pool_dx)(float* dx, const float* dy, const void* indices, int index_bytes, const float* x, void* scratch,
                      const PoolShape& shape);
  uint8_t (*largest_index)(const uint8_t* indices, int64_t size);
  void (*avg_pool)(float* y, const float* x, const PoolShape& shape, bool count_padding);
  void (*avg_pool_dx)(float* dx, const float* dy, const PoolShape& shape, bool count_padding);

  // Over all `pixels` of each image: x (n, pixels, c), y (n, c). partials: (n, global_chunks(pixels), c) floats, which
  // may be y where there is but one chunk.
  int64_t (*global_chunks)(int64_t pixels);
  void (*global_avg)(float* y, float* partials, const float* x, int64_t n, int64_t pixels, int64_t c);
  void (*global_max)(float* y, float* partials, const float* x, int64_t n, int64_t pixels, int64_t c);
  void (*global_avg_dx)(float* dx, const float* dy, int64_t n, int64_t pixels, int64_t c);
  void (*global_max_dx)(float* dx, const float* dy, const float* x, int64_t n, int64_t pixels, int64_t c);

  // Bin i of an axis covers the cells from floor(i size / out) to ceil((i + 1) size / out).
  void (*adaptive_avg)(float* y, const float* x, int64_t n, int64_t h, int64_t w, int64_t c, int64_t oh, int64_t ow);
  void (*adaptive_avg_dx)(float* dx, const float* dy, int64_t n, int64_t h, int64_t w, int64_t c, int64_t oh,
                          int64_t ow);
};

}  // namespace fastcnn
