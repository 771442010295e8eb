// y[i, j, q] = activation(bias[q] + residual[i, j, q] + sum over taps of x[row(i, tap), column(j, tap), q / m] * w[tap,
// q])
//
// and its input gradient, which gathers from dy in the same way (depthwise_lines.h). Bound by memory: channels are the
// vector, four neighbouring pixels of a row share each filter vector in registers, and the source rows that a block of
// result rows needs stay in the second-level cache. Taps outside are cut off before the loops, which never ask.
#include "depthwise.h"

#include "apply_activation.h"
#include "depthwise_lines.h"
#include "depthwise_parts.h"
#include "depthwise_pass.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kPixels = 4;                // of one row, in registers
constexpr int kFold = 128;                // output channels summed at a time into input channels
constexpr int64_t kRowFloats = 32 << 10;  // of a task's result row: the source rows it needs fit the second level

// How result channels sit to filter channels: one to one, each source channel read m times, m of them summed.
enum Channels { kSame, kRepeat, kSum };

// One or kPixels result pixels, and the taps that they share.
struct Tile {
  float* result;
  const float *source, *filter, *residual;
  int64_t rows, columns;
  int64_t result_pixel, source_pixel;                            // floats from pixel to pixel
  int64_t source_row, source_column, filter_row, filter_column;  // and from tap to tap
};

// Taps in their order, one accumulator a pixel. Dense: three columns side by side, pixels Dense columns apart, so a
// source vector is loaded once for all the pixels that see it.
template <Channels C, int P, int Dense, bool Full>
inline void gather(vec (&sum)[P], const Tile& t, int64_t q, int lanes, int64_t m) {
  Repeat spread{};
  if (C == kRepeat) spread = repeat(q, lanes, m);
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) sum[p] = zero();
  for (int64_t row = 0; row < t.rows; row++) {
    const float* source = t.source + row * t.source_row + (C == kRepeat ? spread.first : q);
    const float* filter = t.filter + row * t.filter_row + q;
    if constexpr (Dense > 0) {
      vec w[3];
#pragma GCC unroll 3
      for (int k = 0; k < 3; k++) w[k] = load_lanes<Full>(filter + k * t.filter_column, lanes);
#pragma GCC unroll 16
      for (int column = 0; column < (P - 1) * Dense + 3; column++, source += t.source_column) {
        vec x = load_lanes<Full>(source, lanes);
#pragma GCC unroll 8
        for (int p = 0; p < P; p++) {
          int k = column - p * Dense;
          if (k >= 0 && k < 3) sum[p] = fma(x, w[k], sum[p]);
        }
      }
    } else {
      for (int64_t k = 0; k < t.columns; k++, source += t.source_column, filter += t.filter_column) {
        vec w = load_lanes<Full>(filter, lanes);
#pragma GCC unroll 8
        for (int p = 0; p < P; p++) {
          const float* x = source + p * t.source_pixel;
          sum[p] = fma(C == kRepeat ? load_repeated(x, spread) : load_lanes<Full>(x, lanes), w, sum[p]);
        }
      }
    }
  }
}

template <Channels C, int P, int Dense, bool Full>
inline void vector_of(const Tile& t, int64_t q, int lanes, const Pass& pass) {
  const fastcnn_epilogue end = pass.end;
  vec sum[P];
  gather<C, P, Dense, Full>(sum, t, q, lanes, pass.m);
  vec bias = end.bias ? load_lanes<Full>(end.bias + q, lanes) : zero();
#pragma GCC unroll 8
  for (int p = 0; p < P; p++) {
    vec y = sum[p];
    if (end.bias) y += bias;
    if (t.residual) y += load_lanes<Full>(t.residual + p * t.result_pixel + q, lanes);
    if (end.activation == FASTCNN_RELU || end.activation == FASTCNN_RELU6) y = max(zero(), y);
    if (end.activation == FASTCNN_RELU6) y = min(splat(6), y);
    store_lanes<Full>(t.result + p * t.result_pixel + q, y, lanes);
  }
}

template <Channels C, int P, int Dense>
void tile(const Tile& t, Range channels, const Pass& pass) {
  int64_t q = channels.begin;
  for (; q + kLanes <= channels.end; q += kLanes) vector_of<C, P, Dense, true>(t, q, kLanes, pass);
  if (q < channels.end) vector_of<C, P, Dense, false>(t, q, (int)(channels.end - q), pass);
}

// The sums of m neighbours, left to right. m may be longer than the buffer, so a sum is carried on.
template <int P>
void tile_summed(const Tile& t, Range channels, const Pass& pass) {
  float product[P][kFold], carried[P] = {};
  for (int64_t begin = channels.begin; begin < channels.end; begin += kFold) {
    int count = (int)least(kFold, channels.end - begin);
    for (int i = 0; i < count; i += kLanes) {
      int lanes = (int)least(kLanes, count - i);
      vec sum[P];
      if (lanes == kLanes)
        gather<kSum, P, 0, true>(sum, t, begin + i, lanes, pass.m);
      else
        gather<kSum, P, 0, false>(sum, t, begin + i, lanes, pass.m);
      for (int p = 0; p < P; p++) store(&product[p][i], sum[p]);
    }
    for (int p = 0; p < P; p++) {
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

template <Channels C>
void run(const Tile& t, bool several, Range channels, const Pass& pass) {
  if constexpr (C == kSum) {
    several ? tile_summed<kPixels>(t, channels, pass) : tile_summed<1>(t, channels, pass);
  } else {
    if (!several) return tile<C, 1, 0>(t, channels, pass);
    bool dense = C == kSame && t.columns == 3 && t.source_column == pass.source_c;
    if (dense && t.source_pixel == pass.source_c) return tile < C, kPixels, C == kSame ? 1 : 0 > (t, channels, pass);
    if (dense && t.source_pixel == 2 * pass.source_c)
      return tile < C, kPixels, C == kSame ? 2 : 0 > (t, channels, pass);
    tile<C, kPixels, 0>(t, channels, pass);
  }
}

// Pixels of one result row. Its lines of cells differ in their taps; within one, all but the cells near an edge share
// them.
template <Channels C>
void row(const Pass& pass, int64_t image, int64_t i, Range pixels, Range channels) {
  const Axis &rows = pass.rows, &columns = pass.columns;
  Line down = line_of(rows, i);
  Range ky = clip(down, down.base, rows.source);
  Tile t{};
  t.rows = ky.end - ky.begin;
  t.source_row = spacing(t.rows, down.step, columns.source * pass.source_c);
  t.filter_row = spacing(t.rows, down.filter_step, columns.kernel * pass.filter_c);
  int64_t lines = least(columns.lines(), pixels.end - pixels.begin);
  for (int64_t l = 0; l < lines; l++) {
    int64_t first = pixels.begin + l, cells = round_up(pixels.end - first, lines);
    Line across = line_of(columns, first);
    Range inner = interior(across, cells, columns.source);
    bool several = false;
    for (int64_t cell = 0; cell < cells; cell += several ? kPixels : 1) {
      several = cell >= inner.begin && cell + kPixels <= inner.end;
      int64_t base = across.base + cell * across.advance;
      Range kx = clip(across, base, columns.source);
      t.columns = kx.end - kx.begin;
      t.source_column = spacing(t.columns, across.step, pass.source_c);
      t.filter_column = spacing(t.columns, across.filter_step, pass.filter_c);
      t.source_pixel = several ? across.advance * pass.source_c : 0;
      t.result_pixel = several ? lines * pass.result_c : 0;
      t.source = pass.source, t.filter = pass.filter;
      if (t.rows > 0 && t.columns > 0) {
        int64_t y = down.base + ky.begin * down.step, x = base + kx.begin * across.step;
        t.source += ((image * rows.source + y) * columns.source + x) * pass.source_c;
        int64_t v = down.filter + ky.begin * down.filter_step, u = across.filter + kx.begin * across.filter_step;
        t.filter += (v * columns.kernel + u) * pass.filter_c;
      }
      int64_t offset = ((image * rows.result + i) * columns.result + first + cell * lines) * pass.result_c;
      t.result = pass.result + offset;
      t.residual = pass.end.residual ? pass.end.residual + offset : nullptr;
      run<C>(t, several, channels, pass);
    }
  }
}

template <Channels C>
void all(const Pass& pass) {
  const int64_t rows = pass.rows.result, columns = pass.columns.result;
  fastcnn_activation f = pass.end.activation;
  bool separately = f != FASTCNN_LINEAR && f != FASTCNN_RELU && f != FASTCNN_RELU6;

  int64_t width = least(columns, most(kRowFloats / pass.filter_c, 2 * kPixels));
  int64_t across = round_up(columns, width), row_floats = width * pass.filter_c;
  int64_t height = most(1, least(rows, kTaskFloats / row_floats));
  int64_t wanted = round_up(kTasks, pass.images * across);  // blocks of rows in an image, for all threads to have some
  height = least(height, most(round_up(rows, wanted), round_up(kLeastTaskFloats, row_floats)));
  int64_t down = round_up(rows, height);

  int64_t taps = pass.rows.kernel * pass.columns.kernel;
  int64_t blocks = round_up(pass.filter_c, most(kFilterFloats / taps, 4 * kWide));
  int64_t block = round_up(round_up(pass.filter_c, blocks), kWide) * kWide;
  if (C == kSum) block = round_up(block, pass.m) * pass.m;

  double work = (double)pass.images * rows * columns * round_up(pass.filter_c, kWide) * least(taps, 64);
  parallel_for(pass.images * down * across, (int64_t)(work < 1e15 ? work : 1e15), [&](int64_t task) {
    int64_t image = task / across / down, top = task / across % down * height, left = task % across * width;
    Range pixels{left, least(left + width, columns)};
    for (int64_t q = 0; q < pass.filter_c; q += block) {
      Range channels{q, least(q + block, pass.filter_c)};
      for (int64_t i = top; i < least(top + height, rows); i++) {
        row<C>(pass, image, i, pixels, channels);
        if (separately) activate_row(pass, image, i, pixels, channels);
      }
    }
  });
}

void forward(float* y, const float* x, const float* filter, const Depthwise2d& d, const fastcnn_epilogue& end) {
  Axis rows{d.oh, d.h, d.kh, d.stride_h, d.dilation_h, d.top, false};
  Axis columns{d.ow, d.w, d.kw, d.stride_w, d.dilation_w, d.left, false};
  Pass pass{y, x, filter, rows, columns, d.n, d.c * d.m, d.c, d.c * d.m, d.m, end};
  if (is_3x3(pass)) return depthwise_3x3(pass);
  d.m == 1 ? all<kSame>(pass) : all<kRepeat>(pass);
}

void dx(float* dx, const float* dy, const float* filter, const Depthwise2d& d) {
  Axis rows{d.h, d.oh, d.kh, d.stride_h, d.dilation_h, d.top, true};
  Axis columns{d.w, d.ow, d.kw, d.stride_w, d.dilation_w, d.left, true};
  Pass pass{dx, dy, filter, rows, columns, d.n, d.c, d.c * d.m, d.c * d.m, d.m, {}};
  if (is_3x3(pass)) return depthwise_3x3(pass);
  if (is_3x3_dx(pass)) return depthwise_3x3_dx(pass);
  d.m == 1 ? all<kSame>(pass) : all<kSum>(pass);
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
