// y[i, j, q] = activation(bias[q] + residual[i, j, q] + sum over taps of x[row(i, tap), column(j, tap), q / m] * w[tap,
// q])
//
// and its input gradient, which gathers from dy in the same way (depthwise_lines.h). Bound by memory: channels are the
// vector, seven neighbouring pixels of a row share each filter vector in registers, where their windows overlap each
// source vector too, and the source rows that a block of result rows needs stay in the second-level cache. Taps outside
// are left out: which columns exist is found once for a tile, a branch asks that always goes the same way.
#include "depthwise.h"

#include "apply_activation.h"
#include "depthwise_lines.h"
#include "depthwise_parts.h"
#include "depthwise_pass.h"
#include "hints.h"
#include "runtime/shares.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kPixels = 7;                // of one row, in registers
constexpr int kFold = 128;                // output channels summed at a time into input channels
constexpr int64_t kRowFloats = 32 << 10;  // of a task's result row: the source rows it needs fit the second level

// How result channels sit to filter channels: one to one, each source channel read m times, m of them summed.
enum Channels { kSame, kRepeat, kSum };

// Up to kPixels result pixels that share their taps but for those that lie outside.
struct Tile {
  float* result;
  const float *source, *filter, *residual;        // source: of the first tap of the first pixel, maybe outside
  int64_t rows, taps, pixels;                     // taps: of a row
  uint64_t column, step, advance, columns;        // source column of that first tap; to the next tap, pixel; the end
  uint64_t inside;                                // a bit for each column of dense taps: whether it exists
  int64_t result_pixel, source_column;            // floats from pixel to pixel
  int64_t source_row, filter_row, filter_column;  // and from tap to tap
  int64_t next_row;                               // to the first source row below; 0: do not ask for it
  bool past;                                      // whether the result is stored past the caches
};

// Whether pixels are one or two taps apart, and how many.
inline int density(const Tile& t) {
  if (t.taps < 2 || t.taps > 48) return 0;
  return t.advance == t.step ? 1 : t.advance == 2 * t.step ? 2 : 0;
}

// Taps side by side in one row, pixels Dense taps apart: a source vector is loaded once for all the pixels that see it.
template <int Taps, int Dense>
inline __attribute__((always_inline)) void add_taps(vec (&sum)[kPixels], const float* source, int64_t spacing,
                                                    const float* filter, int64_t filter_column, uint64_t inside) {
  vec w[Taps];
#pragma GCC unroll 8
  for (int k = 0; k < Taps; k++, filter += filter_column, forget(filter)) w[k] = load(filter);
#pragma GCC unroll 32
  for (int column = 0; column < (kPixels - 1) * Dense + Taps; column++, source += spacing, forget(source)) {
    if (!(inside >> column & 1)) continue;
    vec x = load(source);
#pragma GCC unroll 8
    for (int p = 0; p < kPixels; p++) {
      int k = column - p * Dense;
      if (k >= 0 && k < Taps) sum[p] = fma(x, w[k], sum[p]);
    }
  }
}

template <int N>
struct Taps {
  static constexpr int count = N;
};

// Taps in their order, one accumulator a pixel; whole vectors.
template <int Dense>
inline __attribute__((always_inline)) void gather_dense(vec (&sum)[kPixels], const Tile& t, int64_t q) {
  const int64_t spacing = (int64_t)(t.step * (uint64_t)t.source_column);
  for (int64_t row = 0; row < t.rows; row++) {
    const float *source = t.source + row * t.source_row + q, *filter = t.filter + row * t.filter_row + q;
    int64_t left = t.taps;
    uint64_t inside = t.inside;
    auto add = [&](auto taps) __attribute__((always_inline)) {
      constexpr int n = decltype(taps)::count;
#pragma GCC unroll 1
      for (; left >= n; left -= n, inside >>= n, source += n * spacing, filter += n * t.filter_column)
        add_taps<n, Dense>(sum, source, spacing, filter, t.filter_column, inside);
    };
    add(Taps<5>{}), add(Taps<3>{}), add(Taps<1>{});
  }
}

// The same for any distances.
template <Channels C, bool Full>
inline void gather(vec (&sum)[kPixels], const Tile& t, int64_t q, int lanes, int64_t m) {
  Repeat spread{};
  if (C == kRepeat) spread = repeat(q, lanes, m);
  for (int64_t row = 0; row < t.rows; row++) {
    const float* source = t.source + row * t.source_row + (C == kRepeat ? spread.first : q);
    const float* filter = t.filter + row * t.filter_row + q;
    for (uint64_t k = 0; k < (uint64_t)t.taps; k++, filter += t.filter_column) {
      vec w = load_lanes<Full>(filter, lanes);
#pragma GCC unroll 8
      for (uint64_t p = 0; p < kPixels; p++) {
        uint64_t column = k * t.step + p * t.advance;
        if (t.column + column >= t.columns) continue;
        const float* x = source + (int64_t)column * t.source_column;
        sum[p] = fma(C == kRepeat ? load_repeated(x, spread) : load_lanes<Full>(x, lanes), w, sum[p]);
      }
    }
  }
}

template <Channels C, int Dense, bool Full>
inline __attribute__((always_inline)) void vector_of(const Tile& t, int64_t q, int lanes, const Pass& pass) {
  const fastcnn_epilogue& end = pass.end;
  vec sum[kPixels] = {};
  if constexpr (Dense > 0) {
    if (t.next_row && q % kWide == 0) {  // one vector of a line
      const float* next = t.source + t.next_row + q + kLanes - 1;
#pragma GCC unroll 16
      for (int p = 0; p < kPixels * Dense; p++, next += t.source_column, forget(next)) __builtin_prefetch(next);
    }
    gather_dense<Dense>(sum, t, q);
  } else {
    gather<C, Full>(sum, t, q, lanes, pass.m);
  }
  const vec bias = end.bias ? load_lanes<Full>(end.bias + q, lanes) : splat(-0.0f);  // -0 changes no bit of a sum
  const bool relu6 = end.activation == FASTCNN_RELU6, relu = end.activation == FASTCNN_RELU || relu6;
  const vec low = splat(relu ? 0 : -INFINITY), high = splat(relu6 ? 6 : INFINITY);
  const float* residual = t.residual ? t.residual + q : nullptr;
  float* result = t.result + q;
#pragma GCC unroll 8
  for (int p = 0; p < kPixels; p++) {
    if (p >= t.pixels) break;
    vec y = sum[p] + bias;
    if (residual) y += load_lanes<Full>(residual, lanes), residual += t.result_pixel;
    y = min(high, max(low, y));
    Full ? put(result, y, kLanes == 16 && t.past) : store_lanes<Full>(result, y, lanes);
    result += t.result_pixel;
  }
}

template <Channels C, int Dense>
__attribute__((noinline)) void tile(const Tile& tile, Range channels, const Pass& pass) {
  const Tile t = tile;
  int64_t q = channels.begin;
  for (; q + kLanes <= channels.end; q += kLanes) vector_of<C, Dense, true>(t, q, kLanes, pass);
  if (q < channels.end) vector_of<C, 0, false>(t, q, (int)(channels.end - q), pass);
}

// The sums of m neighbours, left to right. m may be longer than the buffer, so a sum is carried on.
void tile_summed(const Tile& t, Range channels, const Pass& pass) {
  float product[kPixels][kFold], carried[kPixels] = {};
  for (int64_t begin = channels.begin; begin < channels.end; begin += kFold) {
    int count = (int)least(kFold, channels.end - begin);
    for (int i = 0; i < count; i += kLanes) {
      int lanes = (int)least(kLanes, count - i);
      vec sum[kPixels] = {};
      if (lanes == kLanes)
        gather<kSum, true>(sum, t, begin + i, lanes, pass.m);
      else
        gather<kSum, false>(sum, t, begin + i, lanes, pass.m);
      for (int p = 0; p < kPixels; p++) store(&product[p][i], sum[p]);
    }
    for (int p = 0; p < t.pixels; p++) {
      int64_t channel = begin / pass.m, j = begin % pass.m;
      for (int i = 0; i < count; i++) {
        carried[p] = j == 0 ? product[p][i] : carried[p] + product[p][i];
        if (++j < pass.m) continue;
        t.result[p * t.result_pixel + channel++] = carried[p];
        j = 0;
      }
    }
  }
}

void run(Channels c, const Tile& t, Range channels, const Pass& pass) {
  if (c == kSum) return tile_summed(t, channels, pass);
  if (c == kRepeat) return tile<kRepeat, 0>(t, channels, pass);
  const int dense = density(t);
  dense == 1   ? tile<kSame, 1>(t, channels, pass)
  : dense == 2 ? tile<kSame, 2>(t, channels, pass)
               : tile<kSame, 0>(t, channels, pass);
}

// Pixels of one result row. Its lines of cells differ in their taps; within one, all but the cells near an edge share
// them.
void row(Channels c, const Pass& pass, bool ask, bool past, int64_t image, int64_t i, Range pixels, Range channels) {
  const Axis &rows = pass.rows, &columns = pass.columns;
  Line down = line_of(rows, i);
  Range ky = clip(down, down.base, rows.source);
  Tile t{};
  t.rows = ky.end - ky.begin;
  t.columns = columns.source, t.source_column = pass.source_c, t.past = past;
  t.source_row = spacing(t.rows, down.step, columns.source * pass.source_c);
  t.filter_row = spacing(t.rows, down.filter_step, columns.kernel * pass.filter_c);
  if (ask) t.next_row = t.rows * t.source_row;
  int64_t lines = least(columns.lines(), pixels.end - pixels.begin);
  t.result_pixel = lines * pass.result_c;
  for (int64_t l = 0; l < lines; l++) {
    int64_t first = pixels.begin + l, cells = round_up(pixels.end - first, lines);
    Line across = line_of(columns, first);
    for (int64_t cell = 0; cell < cells; cell += kPixels) {
      t.pixels = least(kPixels, cells - cell);
      int64_t base = across.base + cell * across.advance, last = base + (t.pixels - 1) * across.advance;
      Range kx{least(across.taps, clip(across, last, columns.source).begin),
               least(across.taps, clip(across, base, columns.source).end)};
      t.taps = kx.end - kx.begin;
      t.filter_column = spacing(t.taps, across.filter_step, pass.filter_c);
      t.column = (uint64_t)base + (uint64_t)kx.begin * (uint64_t)across.step, t.step = across.step,
      t.advance = across.advance;
      t.source = pass.source, t.filter = pass.filter;
      if (t.rows > 0 && t.taps > 0) {
        int64_t y = down.base + ky.begin * down.step, x = (int64_t)t.column;
        t.source += ((image * rows.source + y) * columns.source + x) * pass.source_c;
        int64_t v = down.filter + ky.begin * down.filter_step, u = across.filter + kx.begin * across.filter_step;
        t.filter += (v * columns.kernel + u) * pass.filter_c;
        t.inside = 0;
        if (density(t))
          for (int64_t i = least(64, 2 * t.pixels + t.taps); i-- > 0;)
            t.inside = t.inside << 1 | (t.column + (uint64_t)i * t.step < t.columns);
      }
      int64_t offset = ((image * rows.result + i) * columns.result + first + cell * lines) * pass.result_c;
      t.result = pass.result + offset;
      t.residual = pass.end.residual ? pass.end.residual + offset : nullptr;
      run(c, t, channels, pass);
    }
  }
}

void all(Channels c, const Pass& pass) {
  const int64_t rows = pass.rows.result, columns = pass.columns.result;
  fastcnn_activation f = pass.end.activation;
  bool separately = f != FASTCNN_LINEAR && f != FASTCNN_RELU && f != FASTCNN_RELU6;
  const bool ask = pass.images * pass.rows.source * pass.columns.source * pass.source_c * 4 >= kStreamFrom;
  const bool past = c == kSame && goes_past(pass) && !separately;

  int64_t width = least(columns, most(kRowFloats / pass.filter_c, 2 * kPixels));
  int64_t across = round_up(columns, width), row_floats = width * pass.filter_c;
  int64_t height = most(1, least(rows, kTaskFloats / row_floats));
  int64_t wanted = round_up(kTasks, pass.images * across);  // blocks of rows in an image, for all threads to have some
  height = least(height, most(round_up(rows, wanted), round_up(kLeastTaskFloats, row_floats)));
  int64_t down = round_up(rows, height);

  int64_t taps = pass.rows.kernel * pass.columns.kernel;
  int64_t blocks = round_up(pass.filter_c, most(kFilterFloats / taps, 4 * kWide));
  int64_t block = round_up(round_up(pass.filter_c, blocks), kWide) * kWide;
  if (c == kSum) block = round_up(block, pass.m) * pass.m;

  double work = (double)pass.images * rows * columns * round_up(pass.filter_c, kWide) * least(taps, 64);
  const int64_t count = pass.images * down * across;
  parallel_shares(threads_for(count, (int64_t)(work < 1e15 ? work : 1e15)), count, [&](int64_t task, int) {
    int64_t image = task / across / down, top = task / across % down * height, left = task % across * width;
    Range pixels{left, least(left + width, columns)};
    for (int64_t q = 0; q < pass.filter_c; q += block) {
      Range channels{q, least(q + block, pass.filter_c)};
      for (int64_t i = top; i < least(top + height, rows); i++) {
        row(c, pass, ask, past, image, i, pixels, channels);
        if (separately) activate_row(pass, image, i, pixels, channels);
      }
    }
    if (past) stream_fence();
  });
}

void forward(float* y, const float* x, const float* filter, const Depthwise2d& d, const fastcnn_epilogue& end) {
  Axis rows{d.oh, d.h, d.kh, d.stride_h, d.dilation_h, d.top, false};
  Axis columns{d.ow, d.w, d.kw, d.stride_w, d.dilation_w, d.left, false};
  Pass pass{y, x, filter, rows, columns, d.n, d.c * d.m, d.c, d.c * d.m, d.m, end};
  if (is_3x3(pass)) return depthwise_3x3(pass);
  all(d.m == 1 ? kSame : kRepeat, pass);
}

void dx(float* dx, const float* dy, const float* filter, const Depthwise2d& d) {
  Axis rows{d.h, d.oh, d.kh, d.stride_h, d.dilation_h, d.top, true};
  Axis columns{d.w, d.ow, d.kw, d.stride_w, d.dilation_w, d.left, true};
  Pass pass{dx, dy, filter, rows, columns, d.n, d.c, d.c * d.m, d.c * d.m, d.m, {}};
  if (is_3x3(pass)) return depthwise_3x3(pass);
  if (is_3x3_dx(pass)) return depthwise_3x3_dx(pass);
  all(d.m == 1 ? kSame : kSum, pass);
}

}  // namespace

void activate_row(const Pass& pass, int64_t image, int64_t i, Range pixels, Range channels) {
  int64_t width = channels.end - channels.begin, count = pixels.end - pixels.begin;
  float* at = pass.result + ((image * pass.rows.result + i) * pass.columns.result + pixels.begin) * pass.result_c;
  apply_activation(at + channels.begin, count, width, pass.result_c, pass.end.activation, pass.end.alpha);
}

extern const DepthwiseKernels depthwise_kernels;
const DepthwiseKernels depthwise_kernels = {forward,     dx, depthwise_dw_bytes, depthwise_dw, depthwise_db_bytes,
                                            depthwise_db};

}  // namespace ISA
}  // namespace fastcnn
