// The filter gradient of the 3 x 3 filter at strides 1 and 2, one filter a channel.
//
// For one vector of channels, a window of three source columns moves along each row of a leaf in registers: each source
// vector is loaded once for the three taps of its row. The nine sums stay in registers, too. Each tap adds its pixels
// in their order, and none that lie outside, as depthwise_dw.cpp does it for every other filter.
//
// A walk reads one vector of each pixel, lines far apart, which no prefetcher follows: so it asks for what the same
// walk reads one row later.
#include "depthwise_leaf.h"
#include "depthwise_parts.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr bool kEnoughRegisters = kLanes >= 8;  // for nine sums and a window of nine, whose loads AVX folds

// Of a segment of a row of dy: eight pages of it, and of x once or twice as many.
constexpr int64_t kSegmentFloats = 8 << 10, kLeastColumns = 8;

struct Walk {
  const float *x, *dy;  // x: of tap (0, 0), which may lie outside
  Range rows;           // taps whose row exists
  int64_t columns;
  bool left, right;          // whether the first column lacks its left taps, the last its right ones
  int64_t x_row, dy_row, c;  // floats from row to row; from column to column
};

// Whole: all three rows exist, and all lanes.
template <int S, bool Whole>
void walk(float* sums, const Walk& b, int64_t q, int lanes) {
  const float *at = b.x + q, *dy = b.dy + q;
  const int64_t x_row = b.x_row, dy_row = b.dy_row, c = b.c;
  vec sum[9], x[3][3] = {};
#pragma GCC unroll 9
  for (int tap = 0; tap < 9; tap++) sum[tap] = load(sums + tap * kLeafChannels);
  auto read = [&](int column) __attribute__((always_inline)) {
#pragma GCC unroll 3
    for (int r = 0; r < 3; r++)
      if (Whole || (r >= b.rows.begin && r < b.rows.end)) x[r][column] = load_lanes<Whole>(at + r * x_row, lanes);
#pragma GCC unroll 2
    for (int r = 3; r < 3 + S; r++) __builtin_prefetch(at + r * x_row + kLanes - 1);
    at += c;
  };
  // A column of taps [begin, end) of each row; then the window moves on.
  auto add = [&](int begin, int end) __attribute__((always_inline)) {
    const vec g = load_lanes<Whole>(dy, lanes);
    __builtin_prefetch(dy + dy_row + kLanes - 1);
    dy += c;
#pragma GCC unroll 3
    for (int r = 0; r < 3; r++) {
      if (!Whole && (r < b.rows.begin || r >= b.rows.end)) continue;
#pragma GCC unroll 3
      for (int l = begin; l < end; l++) sum[r * 3 + l] = fma(x[r][l], g, sum[r * 3 + l]);
    }
#pragma GCC unroll 3
    for (int r = 0; r < 3; r++) {
      x[r][0] = x[r][S];
      if (S == 1) x[r][1] = x[r][2];
    }
  };

  int64_t columns = b.columns - b.right;
  b.left ? (void)(at += c) : read(0);
  if (S == 1) read(1);
  if (b.left && columns > 0) {
    if (S == 2) read(1);
    read(2), add(1, 3);
    columns--;
  }
#pragma GCC unroll 1
  for (; columns > 0; columns--) {
    if (S == 2) read(1);
    read(2), add(0, 3);
  }
  if (b.right) {
    if (S == 2) read(1);
    add(0, 2);
  }
#pragma GCC unroll 9
  for (int tap = 0; tap < 9; tap++) store(sums + tap * kLeafChannels, sum[tap]);
}

template <int S>
void add_leaf(float* dw, const float* x, const float* dy, const Depthwise2d& d, Range rows, Range columns,
              Range channels, bool first) {
  float sums[9 * kLeafChannels];
  const int64_t width = channels.end - channels.begin;
  for (int tap = 0; tap < 9; tap++)
    for (int64_t q = 0; q < width; q += kLanes) store(sums + tap * kLeafChannels + q, zero());
  int64_t image = rows.begin / d.oh, i = rows.begin % d.oh;
  const int64_t all = columns.end - columns.begin,
                segments = round_up(all, most(kLeastColumns, kSegmentFloats / width));
  for (int64_t row = rows.begin; row < rows.end; row++) {
    const int64_t y = i * S - d.top;
    for (int64_t s = 0; s < segments; s++) {
      const int64_t begin = columns.begin + all * s / segments, end = columns.begin + all * (s + 1) / segments;
      Walk b{};
      b.columns = end - begin, b.c = d.c, b.x_row = d.w * d.c, b.dy_row = d.ow * d.c;
      b.left = begin == 0 && d.left == 1;
      b.right = end == d.ow && (d.ow - 1) * S - d.left + 2 == d.w;
      b.x = x + ((image * d.h + y) * d.w + begin * S - d.left) * d.c + channels.begin;
      b.dy = dy + (row * d.ow + begin) * d.c + channels.begin;
      b.rows = {most(0, -y), least(3, d.h - y)};
      const bool whole = b.rows.begin == 0 && b.rows.end == 3;
      for (int64_t q = 0; q < width; q += kLanes) {
        const int lanes = (int)least(kLanes, width - q);
        (whole && lanes == kLanes ? walk<S, true> : walk<S, false>)(sums + q, b, q, lanes);
      }
    }
    if (++i == d.oh) i = 0, image++;
  }
  for (int tap = 0; tap < 9; tap++)
    for (int64_t q = 0; q < width; q += kLanes) {
      float* to = dw + tap * d.c + channels.begin + q;
      const int lanes = (int)least(kLanes, width - q);
      const vec before = first ? zero() : load_first(to, lanes);
      store_first(to, before + load(sums + tap * kLeafChannels + q), lanes);
    }
}

}  // namespace

bool is_3x3_dw(const Depthwise2d& d) {
  return kEnoughRegisters && d.m == 1 && d.kh == 3 && d.kw == 3 && d.dilation_h == 1 && d.dilation_w == 1 &&
         d.stride_h == d.stride_w && (d.stride_h == 1 || d.stride_h == 2) && d.w > 1 && d.left <= 1 &&
         (d.ow - 1) * d.stride_w - d.left + 2 <= d.w;
}

void add_leaf_3x3(float* dw, const float* x, const float* dy, const Depthwise2d& d, Range rows, Range columns,
                  Range channels, bool first) {
  if (kEnoughRegisters) (d.stride_h == 1 ? add_leaf<1> : add_leaf<2>)(dw, x, dy, d, rows, columns, channels, first);
}

}  // namespace ISA
}  // namespace fastcnn
