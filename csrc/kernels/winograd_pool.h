// Maximum pooling over windows of 2x2, side by side, of a map that is not stored. A tile's 4x4 outputs are four
// windows: forward, their maxima are taken while they are in registers; backward, the gradient of the map is read from
// that of the maxima and from which pixel of its window each was, a byte. Rows and columns of the map that are left
// over have no window: their gradient is zero. The same comparisons, and so the same bits, as with the map between.
#pragma once
#include "pool_window.h"
#include "winograd.h"

namespace fastcnn {
namespace ISA {

static_assert(kPooledChannels % kLanes == 0, "no tails");

// The maximum of a window's pixels in their order, and which it is: that of the first two, that of the others, and the
// larger one.
static inline vec largest(const vec (&pixels)[4], ivec& at) {
  vec best = pixels[0], other = pixels[2];
  ivec at_other = isplat(2);
  at = isplat(0);
  take_larger(best, at, pixels[1], isplat(1));
  take_larger(other, at_other, pixels[3], isplat(3));
  take_larger(best, at, other, at_other);
  return best;
}
static inline vec largest(const vec (&pixels)[4]) {
  vec best = pixels[0];
#pragma GCC unroll 3
  for (int tap = 1; tap < 4; tap++) take_larger(best, pixels[tap]);
  return best;
}

// Where the maxima of a tile go: those of its first window, and the distances from there.
struct MaximaOfTile {
  float* y;
  uint8_t* noted;                  // or null
  int64_t row, pixel;              // floats from one to the next
  int64_t noted_row, noted_pixel;  // bytes
  int rows, columns;               // of windows inside the map, 2 at most
  bool past_caches;                // y's pixels are aligned vectors
};

// What outputs go through before they are compared. No bias is -0, which changes no number; no clamp is infinite.
struct Clamped {
  vec bias, low, high;
  bool capped;  // high is finite
  vec operator()(vec y) const {
    y = max(low, y + bias);
    return capped ? min(high, y) : y;
  }
};

// One vector of channels: the maxima of what the products at m make.
template <bool kNoted>
static inline __attribute__((always_inline)) void take_maxima(const MaximaOfTile& to, const float* m, int64_t point,
                                                              const Clamped& clamped, int64_t channel) {
  vec half[4][6];
  output_columns(m, point, half);
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    if (i == to.rows) break;
    vec o[2][4];
    output_rows(half[2 * i], o[0]);
    output_rows(half[2 * i + 1], o[1]);
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
      if (j == to.columns) break;
      vec window[4];
#pragma GCC unroll 4
      for (int tap = 0; tap < 4; tap++) window[tap] = clamped(o[tap / 2][2 * j + tap % 2]);
      ivec at;
      vec y = kNoted ? largest(window, at) : largest(window);
      float* place = to.y + i * to.row + j * to.pixel + channel;
      if (to.past_caches)
        stream(place, y);
      else
        store(place, y);
      if (kNoted) store_bytes(to.noted + i * to.noted_row + j * to.noted_pixel + channel, at);
    }
  }
}

// What is known of a map's gradient (n, 2 * down or one more, 2 * across or one more, channels).
struct PooledGradient {
  const float* dy;         // of the maxima (n, down, across, channels)
  const uint8_t* winners;  // of the same shape: 0..3, row by row
  int64_t down, across, channels;
};

// kSide x kSide windows of it, row by row; those outside the map have zeros.
template <int kSide>
struct Windows {
  const float* dy[kSide * kSide];
  const uint8_t* winners[kSide * kSide];
  // i, j: the first, counted in windows. zeros: of all channels.
  Windows(const PooledGradient& g, const float* zeros, int64_t n, int64_t i, int64_t j) {
#pragma GCC unroll 1
    for (int at = 0; at < kSide * kSide; at++) {
      int64_t row = i + at / kSide, column = j + at % kSide;
      bool in = (uint64_t)row < (uint64_t)g.down && (uint64_t)column < (uint64_t)g.across;
      int64_t from = ((n * g.down + row) * g.across + column) * g.channels;
      dy[at] = in ? g.dy + from : zeros, winners[at] = in ? g.winners + from : (const uint8_t*)zeros;
    }
  }
  // Asks for what a tile further along the row will be the first to read.
  void ask(int64_t channels) const {
    constexpr int64_t kFurther = 4;  // windows: two tiles
#pragma GCC unroll 1
    for (int r = 0; r < kSide; r++)
#pragma GCC unroll 1
      for (int64_t at = kFurther * channels; at < (kFurther + 2) * channels; at += 16) {
        __builtin_prefetch(dy[r * kSide + 1] + at);
        if (at % 64 == 0) __builtin_prefetch(winners[r * kSide + 1] + at);
      }
  }
};

// kRows pixels of one column of the map's gradient, one vector of channels. The first of them is pixel kOdd of its
// window, and so is the first of column 0.
template <int kOdd, int kRows, int kSide>
static inline __attribute__((always_inline)) void read_column(vec (&d)[kRows], const Windows<kSide>& windows,
                                                              int column, int64_t channel) {
  int s = (column + kOdd) / 2, across = (column + kOdd) % 2;
#pragma GCC unroll 4
  for (int r = 0; r < kSide; r++) {
    vec g = load(windows.dy[r * kSide + s] + channel);
    ivec winner = load_bytes(windows.winners[r * kSide + s] + channel);
#pragma GCC unroll 2
    for (int down = 0; down < 2; down++) {
      int row = 2 * r + down - kOdd;
      if (row >= 0 && row < kRows) d[row] = select(winner == isplat(2 * down + across), g, zero());
    }
  }
}

// As transform_inputs, of a tile whose first pixel is pixel kOdd of its window, down and across.
template <int kOdd>
static inline void transform_windows(float* to, int64_t stride, const Windows<3 + kOdd>& windows, int64_t from,
                                     int64_t count, int64_t vector) {
  for (int64_t channel = from; channel < from + count; channel += kLanes, to += vector)
    transform_columns(
        to,
        stride, [&](vec(&d)[6], int j) __attribute__((always_inline)) { read_column<kOdd>(d, windows, j, channel); });
}

// The pixels of one vector of channels of a tile whose first pixel is at (i, j): for those at the map's edges, whose
// windows are cut down and across in two ways.
static inline __attribute__((noinline)) void read_pixels(float (&to)[kPoints][kLanes], const PooledGradient& g,
                                                         int64_t n, int64_t i, int64_t j, int64_t channel) {
  for (int e = 0; e < kPoints; e++) {
    int64_t a = i + e / 6, b = j + e % 6, row = a >> 1, column = b >> 1;
    vec y = zero();
    if ((uint64_t)row < (uint64_t)g.down && (uint64_t)column < (uint64_t)g.across) {
      int64_t at = ((n * g.down + row) * g.across + column) * g.channels + channel;
      y = select(load_bytes(g.winners + at) == isplat(2 * (a & 1) + (b & 1)), load(g.dy + at), zero());
    }
    store(to[e], y);
  }
}

}  // namespace ISA
}  // namespace fastcnn
