// Copies: strided nests (slices, flips, repetition), concatenation, gathered rows, one-hot rows, bytes to floats. All
// at the speed of memory where runs are long; the output is written in order.
#include "shape_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

// One run of the innermost axis.
void copy_strided(float* y, int64_t step_y, const float* x, int64_t step_x, int64_t n) {
  if (step_y == 1 && step_x == 1) {
    copy_run(y, x, n);
  } else if (step_y == 1 && step_x == 0) {
    fill_run(y, *x, n);
  } else if (step_y == 1 && step_x == -1) {
    for (int64_t i = 0; i < n; i++) y[i] = x[-i];
  } else if (step_y == 1) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i * step_x];
  } else {
    for (int64_t i = 0; i < n; i++) y[i * step_y] = x[i * step_x];
  }
}

void copy(float* y, const float* x, const Nest& nest) {
  int last = nest.rank - 1;
  parallel_ranges(nest.size, kTask, nest.size / 16, [&](int64_t begin, int64_t end) {
    walk<2>(nest, nest.stride, begin, end, [&](int64_t, const int64_t* offset, int64_t n) {
      copy_strided(y + offset[0], nest.stride[0][last], x + offset[1], nest.stride[1][last], n);
    });
  });
}

void fill(float* y, float value, int64_t size) {
  parallel_ranges(size, kTask, size / 16, [&](int64_t begin, int64_t end) { fill_run(y + begin, value, end - begin); });
}

void concat(float* y, const float* const* x, const int64_t* widths, int count, int64_t outer, int64_t total) {
  parallel_ranges(outer * total, kTask, outer * total / 16, [&](int64_t begin, int64_t end) {
    int64_t row = begin / total, column = begin % total;
    for (; begin < end; row++, column = 0) {
      int64_t start = 0;  // where x[k] begins within the row
      for (int k = 0; k < count && begin < end; start += widths[k++]) {
        int64_t skip = column - start;
        if (skip >= widths[k]) continue;
        if (skip < 0) skip = 0;
        int64_t n = widths[k] - skip < end - begin ? widths[k] - skip : end - begin;
        copy_run(y + begin, x[k] + row * widths[k] + skip, n);
        begin += n;
      }
    }
  });
}

int64_t rows_of_task(int64_t width) { return width < kTask ? kTask / (width + 1) + 1 : 1; }

// Rows come from anywhere in memory: while one is copied, the next one is asked for.
void take_rows(float* y, const float* x, const int64_t* indices, int64_t count, int64_t width) {
  parallel_ranges(count, rows_of_task(width), count * width / 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const float *row = x + indices[i] * width, *next = x + indices[i + 1 < end ? i + 1 : i] * width;
      for (int64_t j = 0; j < width; j += 16) {
        __builtin_prefetch(next + j);
        copy_run(y + i * width + j, row + j, width - j < 16 ? width - j : 16);
      }
    }
  });
}

void one_hot(float* y, const int64_t* labels, int64_t count, int64_t depth) {
  parallel_ranges(count, rows_of_task(depth), count * depth / 16, [&](int64_t begin, int64_t end) {
    fill_run(y + begin * depth, 0, (end - begin) * depth);
    for (int64_t i = begin; i < end; i++) y[i * depth + labels[i]] = 1;
  });
}

void from_uint8(float* y, const uint8_t* x, int64_t size, float scale, float offset) {
  typedef uint8_t byte_vec __attribute__((vector_size(kLanes)));
  vec a = splat(scale), b = splat(offset);
  parallel_ranges(size, kTask, size / 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      int n = end - i < kLanes ? (int)(end - i) : kLanes;
      byte_vec raw{};
      if (n == kLanes)
        memcpy(&raw, x + i, kLanes);
      else
        memcpy(&raw, x + i, (size_t)n);
      vec v = fma(to_float(__builtin_convertvector(raw, ivec)), a, b);
      n == kLanes ? store(y + i, v) : store_first(y + i, v, n);
    }
  });
}

}  // namespace

extern const ShapeKernels shape_kernels;
const ShapeKernels shape_kernels = {copy, transpose, fill, concat, take_rows, one_hot, from_uint8, pad, fold_axis};

}  // namespace ISA
}  // namespace fastcnn
