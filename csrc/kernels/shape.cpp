// Copies: strided nests (slices, flips, repetition), concatenation, gathered rows, one-hot rows, bytes to floats. All
// at the speed of memory where runs are long; the output is written in order.
#include "shape_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kFew = 256;  // floats of runs that are copied by a loop of their own

// One run of the innermost axis.
void copy_strided(float* y, int64_t step_y, const float* x, int64_t step_x, int64_t n, bool past = false) {
  if (step_y == 1 && step_x == 1) {
    past ? copy_past(y, x, n) : copy_run(y, x, n);
  } else if (step_y == 1 && step_x == 0) {
    fill_run(y, *x, n, past);
  } else if (step_y == 1 && step_x == -1) {
    ivec turned{};
    for (int l = 0; l < kLanes; l++) turned[l] = kLanes - 1 - l;
    int64_t i = 0;
    for (; i + kLanes <= n; i += kLanes) put(y + i, __builtin_shuffle(load(x - i - (kLanes - 1)), turned), past);
    for (; i < n; i++) y[i] = x[-i];
  } else if (step_y == 1) {
    for (int64_t i = 0; i < n; i++) y[i] = x[i * step_x];
  } else {
    for (int64_t i = 0; i < n; i++) y[i * step_y] = x[i * step_x];
  }
}

// Runs of a few numbers: the axis before the last is a loop here. unit: both sides are contiguous, and longer than 3.
template <bool unit>
void copy_short_runs(float* y, const float* x, const Nest& nest) {
  int last = nest.rank - 1;
  Nest runs = nest;
  runs.rank = last, runs.size /= nest.dim[last];
  int64_t n = nest.dim[last], step_y = nest.stride[0][last], step_x = nest.stride[1][last];
  int64_t next_y = nest.stride[0][last - 1], next_x = nest.stride[1][last - 1];
  const int64_t ahead = (kAhead / n + 1) * next_x;
  parallel_ranges(runs.size, unit ? kTask / n + 1 : kTask / 8, nest.size / (unit ? 16 : 4),
                  [&](int64_t begin, int64_t end) {
                    walk<2>(runs, runs.stride, begin, end, [&](int64_t, const int64_t* offset, int64_t count) {
                      float* to = y + offset[0];
                      const float* from = x + offset[1];
                      for (; count > 0; count--, to += next_y, from += next_x) {
                        __builtin_prefetch(from + ahead);
                        if (unit)
                          copy_few(to, from, n);
                        else
                          for (int64_t j = 0; j < n; j++) to[j * step_y] = from[j * step_x];
                      }
                    });
                  });
}

void copy(float* y, const float* x, const Nest& nest) {
  int last = nest.rank - 1;
  int64_t step_y = nest.stride[0][last], step_x = nest.stride[1][last], size = 1;
  for (int axis = last; axis >= 0; size *= nest.dim[axis--])
    if (nest.stride[0][axis] != size) break;
  bool past = size == nest.size && streams(y, size);
  const bool unit = !past && nest.dim[last] > 3 && nest.dim[last] <= kFew && step_y == 1 && step_x == 1;
  if (last > 0 && unit) return copy_short_runs<true>(y, x, nest);
  if (last > 0 && nest.dim[last] < Writer::kShort) return copy_short_runs<false>(y, x, nest);
  int64_t ahead = nest.rank > 1 ? (kAhead / nest.dim[last] + 1) * nest.stride[1][last - 1] : 0;
  parallel_ranges(nest.size, kTask, nest.size / 16, [&](int64_t begin, int64_t end) {
    Writer writer(y + begin, past);
    walk<2>(nest, nest.stride, begin, end, [&](int64_t, const int64_t* offset, int64_t n) {
      if (!past) return copy_strided(y + offset[0], step_y, x + offset[1], step_x, n);
      const float *from = x + offset[1], *next = from + ahead;
      if (step_x * step_x == 1 && n < kAhead)
        for (int64_t j = 0; j < n; j += 16) __builtin_prefetch(next + j * step_x);
      writer.run(n, [&](float* to, int64_t at, int64_t m, bool past) {
        copy_strided(to, 1, from + at * step_x, step_x, m, past);
      });
    });
  });
}

// Zeros, as the C library writes them: some CPUs make whole lines of them without reading.
void clear(float* y, int64_t size) { memset(y, 0, (size_t)size * sizeof(float)); }

void fill(float* y, float value, int64_t size) {
  bool past = streams(y, size);
  parallel_ranges(size, kTask, size / 16, [&](int64_t begin, int64_t end) {
    if (!any(bits(splat(value))))
      clear(y + begin, end - begin);
    else
      Writer(y + begin, past).fill(value, end - begin);
  });
}

void concat(float* y, const float* const* x, const int64_t* widths, int count, int64_t outer, int64_t total) {
  bool past = total >= count * Writer::kShort && streams(y, outer * total);
  if (!past && total <= count * kFew) {
    parallel_ranges(outer, kTask / (total + 1) + 1, outer * total / 16, [&](int64_t begin, int64_t end) {
      float* to = y + begin * total;
      for (int64_t row = begin; row < end; row++)
        for (int k = 0; k < count; to += widths[k++]) {
          const float* from = x[k] + row * widths[k];
          for (int64_t j = 0; j < widths[k]; j += 16) __builtin_prefetch(from + kAhead + j);
          copy_few(to, from, widths[k]);
        }
    });
    return;
  }
  parallel_ranges(outer * total, kTask, outer * total / 16, [&](int64_t begin, int64_t end) {
    Writer writer(y + begin, past);
    int64_t row = begin / total, column = begin % total;
    for (; begin < end; row++, column = 0) {
      int64_t start = 0;  // where x[k] begins within the row
      for (int k = 0; k < count && begin < end; start += widths[k++]) {
        int64_t skip = column - start;
        if (skip >= widths[k]) continue;
        if (skip < 0) skip = 0;
        int64_t n = widths[k] - skip < end - begin ? widths[k] - skip : end - begin;
        const float* from = x[k] + row * widths[k] + skip;
        for (int64_t j = 0; j < n && n < kAhead; j += 16) __builtin_prefetch(from + kAhead + j);
        past ? writer.copy(from, n) : copy_run(y + begin, from, n);
        begin += n;
      }
    }
  });
}

// Whole lines of y, however wide its rows are.
int64_t rows_of_task(int64_t width) { return width < kTask ? (kTask / (width + 1) + 16) / 16 * 16 : 16; }

constexpr int64_t kWanted = 2048;  // floats of rows that are asked for before they are copied

// Rows come from anywhere in memory, so they are asked for long before they are copied.
void take_rows(float* y, const float* x, const int64_t* indices, int64_t count, int64_t width) {
  bool past = width >= Writer::kShort && streams(y, count * width);
  int64_t ahead = kWanted / (width + 16) + 1;
  parallel_ranges(count, rows_of_task(width), count * (width + 3) / 16, [&](int64_t begin, int64_t end) {
    if (width == 1) {
      for (int64_t i = begin; i < end; i++) y[i] = x[indices[i]];
      return;
    }
    Writer writer(y + begin * width, past);
    int64_t asked = begin;
    for (int64_t i = begin; i < end; i++) {
      for (; asked < end && asked <= i + ahead; asked++) {
        const float* row = x + indices[asked] * width;
        for (int64_t j = 0; j < width + 15; j += 16) __builtin_prefetch(row + (j < width ? j : width - 1));
      }
      const float* row = x + indices[i] * width;
      past ? writer.copy(row, width) : copy_run(y + i * width, row, width);
    }
  });
}

void one_hot(float* y, const int64_t* labels, int64_t count, int64_t depth) {
  parallel_ranges(count, rows_of_task(depth), count * depth / 16, [&](int64_t begin, int64_t end) {
    clear(y + begin * depth, (end - begin) * depth);
    for (int64_t i = begin; i < end; i++) y[i * depth + labels[i]] = 1;
  });
}

void from_uint8(float* y, const uint8_t* x, int64_t size, float scale, float offset) {
  vec a = splat(scale), b = splat(offset);
  bool past = streams(y, size);
  parallel_ranges(size, kTask, size / 16, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) put(y + i, fma(to_float(load_bytes(x + i)), a, b), past);
    if (i == end) return stream_fence();
    uint8_t rest[kLanes] = {};
    memcpy(rest, x + i, (size_t)(end - i));
    store_first(y + i, fma(to_float(load_bytes(rest)), a, b), (int)(end - i));
    stream_fence();
  });
}

}  // namespace

extern const ShapeKernels shape_kernels;
const ShapeKernels shape_kernels = {copy, transpose, fill, concat, take_rows, one_hot, from_uint8, pad, fold_axis};

}  // namespace ISA
}  // namespace fastcnn
