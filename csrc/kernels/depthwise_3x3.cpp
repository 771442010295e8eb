// The 3 x 3 filter at strides 1 and 2, one filter a channel: most depthwise layers there are.
//
// For one vector of channels, a window of three source columns moves along two result rows in registers: each source
// vector is loaded once for all the taps that see it, the filter once for the whole row. Borders are peeled off: the
// first and the last column have two taps a row, and only rows that lack source rows ask which there are. A walk reads
// one vector of each pixel, lines far apart, which no prefetcher follows: from large arrays it asks for what the same
// walk of the next band will read. At stride 2 that would be eight lines at a time, most of which the core forgets.
#include "depthwise_parts.h"
#include "depthwise_pass.h"
#include "runtime/shares.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kRows = 2;
// Of a segment of a row: eight pages, which all the rows of a band have room for in the first level's page table.
constexpr int64_t kSegmentFloats = 8 << 10, kLeastColumns = 8;
// Pixels that lie half a page or more apart, in whole halves, share few sets of the first-level cache: a line is gone
// before the walk of its other half, where a vector is less than a line.
constexpr int64_t kHalfPageFloats = 512;

// A segment of two result rows.
struct Band {
  float* result;
  const float *source, *filter, *residual, *bias;  // source: of tap (0, 0), which may lie outside
  Range rows;                                      // of the source, counted from there, that exist
  int64_t result_rows, columns;
  bool left, right;                   // whether the first column lacks its left taps, the last its right ones
  int64_t source_row, result_row, c;  // floats from row to row; from column to column
  int64_t filter_row, filter_column;
  float low, high;
  bool ask, past;  // whether the next band is asked for, the result stored past the caches
};

// S: the stride. Whole: all source rows and result rows exist.
template <int S, bool Whole, bool Full>
void walk(const Band& band, int64_t q, int lanes) {
  constexpr int kSourceRows = (kRows - 1) * S + 3;
  const Band b = band;
  const float *source = b.source + q, *residual = b.residual ? b.residual + q : nullptr;
  float* result = b.result + q;
  vec w[3][3], x[kSourceRows][3] = {};
#pragma GCC unroll 3
  for (int k = 0; k < 3; k++)
#pragma GCC unroll 3
    for (int l = 0; l < 3; l++)
      w[k][l] = load_lanes<Full>(b.filter + k * b.filter_row + l * b.filter_column + q, lanes);
  const vec bias = b.bias ? load_lanes<Full>(b.bias + q, lanes) : splat(-0.0f);  // -0 changes no bit of a sum
  const vec low = splat(b.low), high = splat(b.high);
  const bool ask = b.ask, past = kLanes == 16 && b.past;

  auto read = [&](int column) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int r = 0; r < kSourceRows; r++)
      if (Whole || (r >= b.rows.begin && r < b.rows.end))
        x[r][column] = load_lanes<Full>(source + r * b.source_row, lanes);
    if (S == 1 && ask) {
#pragma GCC unroll 2
      for (int r = kSourceRows; r < kSourceRows + kRows; r++)
        __builtin_prefetch(source + r * b.source_row + kLanes - 1);
    }
    source += b.c;
  };
  // A result column of taps [begin, end) of each row; then the window moves on.
  auto write = [&](int begin, int end) __attribute__((always_inline)) {
    vec sum[kRows] = {};
#pragma GCC unroll 8
    for (int r = 0; r < kSourceRows; r++) {
      if (!Whole && (r < b.rows.begin || r >= b.rows.end)) continue;
#pragma GCC unroll 3
      for (int l = begin; l < end; l++)
#pragma GCC unroll 2
        for (int i = 0; i < kRows; i++)
          if (int k = r - i * S; k >= 0 && k < 3) sum[i] = fma(x[r][l], w[k][l], sum[i]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < kRows; i++) {
      if (!Whole && i >= b.result_rows) break;
      vec y = sum[i] + bias;
      if (residual) y += load_lanes<Full>(residual + i * b.result_row, lanes);
      y = min(high, max(low, y));
      Full ? put(result + i * b.result_row, y, past) : store_lanes<Full>(result + i * b.result_row, y, lanes);
    }
    result += b.c;
    if (residual) residual += b.c;
#pragma GCC unroll 8
    for (int r = 0; r < kSourceRows; r++) {
      x[r][0] = x[r][S];
      if (S == 1) x[r][1] = x[r][2];
    }
  };

  int64_t columns = b.columns - b.right;
  b.left ? (void)(source += b.c) : read(0);
  if (S == 1) read(1);
  if (b.left && columns > 0) {
    if (S == 2) read(1);
    read(2), write(1, 3);
    columns--;
  }
#pragma GCC unroll 1
  for (; columns > 0; columns--) {
    if (S == 2) read(1);
    read(2), write(0, 3);
  }
  if (b.right) {
    if (S == 2) read(1);
    write(0, 2);
  }
}

template <int S>
void all_columns(const Band& band, Range channels) {
  const bool whole = band.rows.begin == 0 && band.rows.end == (kRows - 1) * S + 3;
  const int64_t segments = round_up(band.columns, most(kLeastColumns, kSegmentFloats / band.c));
  for (int64_t g = 0; g < segments; g++) {
    int64_t begin = band.columns * g / segments, end = band.columns * (g + 1) / segments;
    Band b = band;
    b.columns = end - begin, b.left = band.left && g == 0, b.right = band.right && g == segments - 1;
    b.source += begin * S * b.c, b.result += begin * b.c;
    if (b.residual) b.residual += begin * b.c;
    int64_t q = channels.begin;
    for (; q + kLanes <= channels.end; q += kLanes)
      whole ? walk<S, true, true>(b, q, kLanes) : walk<S, false, true>(b, q, kLanes);
    if (q < channels.end) walk<S, false, false>(b, q, (int)(channels.end - q));
  }
}

}  // namespace

bool is_3x3(const Pass& pass) {
  auto dense = [](const Axis& a) {
    return a.kernel == 3 && a.dilation == 1 && (a.stride == 1 || (a.stride == 2 && !a.backward));
  };
  if (kLanes < 16 && pass.result_c % kHalfPageFloats == 0) return false;
  if (pass.m != 1 || !dense(pass.rows) || !dense(pass.columns) || pass.rows.stride != pass.columns.stride) return false;
  const Line across = line_of(pass.columns, 0);
  const int64_t last = across.base + (pass.columns.result - 1) * across.advance + 2;
  return pass.columns.source > 1 && across.base >= -1 && last <= pass.columns.source;
}

void depthwise_3x3(const Pass& pass) {
  const int64_t rows = pass.rows.result, columns = pass.columns.result, width = pass.columns.source, c = pass.result_c;
  const Line down = line_of(pass.rows, 0), across = line_of(pass.columns, 0);
  const int64_t stride = down.advance;
  const fastcnn_activation f = pass.end.activation;
  const bool separately = f != FASTCNN_LINEAR && f != FASTCNN_RELU && f != FASTCNN_RELU6;

  const Tasks tasks = tasks_of(pass.images, round_up(rows, kRows), kRows * columns, c);

  Band shape{};
  shape.bias = pass.end.bias, shape.filter = pass.filter + (down.filter * 3 + across.filter) * c;
  shape.columns = columns, shape.c = c, shape.source_row = width * c, shape.result_row = columns * c;
  shape.left = across.base < 0, shape.right = across.base + (columns - 1) * stride + 2 == width;
  shape.filter_row = down.filter_step * 3 * c, shape.filter_column = across.filter_step * c;
  shape.low = f == FASTCNN_RELU || f == FASTCNN_RELU6 ? 0 : -INFINITY;
  shape.high = f == FASTCNN_RELU6 ? 6 : INFINITY;
  shape.ask = is_large(pass), shape.past = goes_past(pass) && !separately;

  const double work = (double)pass.images * rows * columns * round_up(c, kWide) * 9;
  const int64_t count = pass.images * tasks.groups * tasks.blocks;
  parallel_shares(threads_for(count, (int64_t)(work < 1e15 ? work : 1e15)), count, [&](int64_t task, int) {
    const int64_t image = task / tasks.blocks / tasks.groups, first = task / tasks.blocks % tasks.groups * tasks.group,
                  q = task % tasks.blocks * tasks.block;
    const Range channels{q, least(q + tasks.block, c)};
    for (int64_t i = first * kRows; i < least((first + tasks.group) * kRows, rows); i += kRows) {
      const int64_t top = down.base + i * stride, at = (image * rows + i) * columns * c;
      Band b = shape;
      b.result_rows = least(kRows, rows - i);
      b.rows = {most(0, -top), least((b.result_rows - 1) * stride + 3, pass.rows.source - top)};
      b.source = pass.source + ((image * pass.rows.source + top) * width + across.base) * c;
      b.result = pass.result + at, b.residual = pass.end.residual ? pass.end.residual + at : nullptr;
      stride == 1 ? all_columns<1>(b, channels) : all_columns<2>(b, channels);
      for (int64_t row = i; separately && row < i + b.result_rows; row++)
        activate_row(pass, image, row, {0, columns}, channels);
    }
    if (shape.past) stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
