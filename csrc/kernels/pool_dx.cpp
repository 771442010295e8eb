// dx of max and average pooling; NHWC. Where windows tile the image, each is spread over its own cells: dy is read
// once, dx written once. Where they overlap or leave gaps, each cell gathers from the windows that reach it
// (pool_gather.h, pool_dx_3x3.cpp).
#include "pool_dx_3x3.h"

namespace fastcnn {
namespace ISA {
namespace {

bool tiles(const PoolAxis& a) { return a.stride == a.kernel && a.dilation == 1 && a.before == 0; }

// A window of a tiling, where it begins in dx, in floats, and what of it lies inside.
struct Tile {
  int64_t oy, ox, corner, rows, columns;
};

// share(offset into dy, tile, channel, lanes) makes what a pixel's window takes its cells' values from: share(tap) is a
// vector. K: the side of the window, or 0.
template <int K, class Share>
void spread(float* dx, const PoolShape& s, Share share) {
  bool past = square(s) > 0 && streams(dx, s.n * s.h.size * s.w.size * s.c, s.c);
  int64_t work = s.n * s.h.size * s.w.size * ((s.c + 15) / 16), row_step = s.w.size * s.c;
  parallel_rows(s.n * s.h.out, s.h.kernel * row_step, work, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      int64_t oy = row % s.h.out, top = oy * s.h.kernel, bottom = oy + 1 == s.h.out ? s.h.size : top + s.h.kernel;
      float* image = dx + row / s.h.out * s.h.size * row_step;
      int64_t rows = taps(s.h, top, s.h.size).end;
      for (int64_t ox = 0; ox < s.w.out; ox++) {
        int64_t left = ox * s.w.kernel, columns = taps(s.w, left, s.w.size).end;
        float* corner = image + top * row_step + left * s.c;
        const Tile tile{oy, ox, corner - dx, rows, columns};
        bool whole = K > 0 && rows == K && columns == K;
        auto put = [&](int64_t ch, auto lanes) {
          auto value = share((row * s.w.out + ox) * s.c + ch, tile, ch, lanes);
          if (whole) {
#pragma GCC unroll 4
            for (int tap = 0; tap < K * K; tap++)
              lanes.put(corner + tap / (K ? K : 1) * row_step + tap % (K ? K : 1) * s.c + ch, value(tap));
            return;
          }
          for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < columns; j++)
              lanes.put(corner + i * row_step + j * s.c + ch, value((int32_t)(i * s.w.kernel + j)));
        };
        over_channels(s.c, put, past);
      }
      int64_t covered = s.w.out * s.w.kernel;  // what no window reaches: the right end of its rows, the rows below
      for (int64_t i = 0; i < rows; i++)
        clear(image + ((top + i) * s.w.size + covered) * s.c, (s.w.size - covered) * s.c);
      clear(image + (top + rows) * row_step, (bottom - top - rows) * row_step);
    }
    stream_fence();
  });
}

template <class Share>
void spread_any(float* dx, const PoolShape& s, Share share) {
  if (square(s) == 2) return spread<2>(dx, s, share);
  spread<0>(dx, s, share);
}

template <class Index>
void add_won(const GatherRow<int32_t>& row, const float* dy, const Index* indices, const PoolShape& s) {
  int32_t row_taps = (int32_t)s.w.kernel;
  add_hits(
      row, s.c, [row_taps](int32_t i, int32_t j) { return i * row_taps + j; },
      [=](vec sum, int64_t at, int32_t tap, auto lanes) {
        return sum + select(lanes.get(indices + at) == isplat(tap), lanes.get(dy + at), zero());
      },
      [=](int64_t at) __attribute__((always_inline)) {
        ask_four(dy + at);
        __builtin_prefetch(indices + at);
      });
}

template <class Index>
void max_pool_dx_with(float* dx, const float* dy, const Index* indices, const PoolShape& s) {
  auto won = [&](int64_t at, const Tile&, int64_t, auto lanes) {
    vec g = lanes.get(dy + at);
    ivec winner = lanes.get(indices + at);
    return [g, winner](int32_t tap) { return select(winner == isplat(tap), g, zero()); };
  };
  if (tiles(s.h) && tiles(s.w)) {
    if constexpr (sizeof(Index) > 1)
      return spread<0>(dx, s, won);  // of large windows
    else
      return spread_any(dx, s, won);
  }
  gather<int32_t>(dx, s.n, s.h.size, s.w.size, s.c, WindowReach{s.h}, WindowReach{s.w},
                  [&](const GatherRow<int32_t>& row) { add_won(row, dy, indices, s); });
}

// The windows of an average as seen from a cell; value: 1 / the cells the window counts on this axis.
struct AverageReach : WindowReach {
  bool count_padding;
  bool value(int64_t o, int64_t cell, float* weight) const {
    int32_t tap;
    if (!WindowReach::value(o, cell, &tap)) return false;
    *weight = 1.0f / (float)cells(a, o, count_padding);
    return true;
  }
};

}  // namespace

void max_pool_dx(float* dx, const float* dy, const void* indices, int index_bytes, const PoolShape& s) {
  if (index_bytes == 1 && takes_3x3_dx(s)) return max_pool_3x3_dx(dx, dy, (const uint8_t*)indices, s);
  if (index_bytes == 1) return max_pool_dx_with(dx, dy, (const uint8_t*)indices, s);
  max_pool_dx_with(dx, dy, (const int32_t*)indices, s);
}

bool max_pool_dx_at_once(float* dx, const float* dy, const float* x, const PoolShape& s) {
  if (!tiles(s.h) || !tiles(s.w) || square(s) != 2) return false;
  const int64_t row_step = s.w.size * s.c;
  spread<2>(dx, s, [=, &s](int64_t at, const Tile& t, int64_t ch, auto lanes) {
    const float* from = x + t.corner + ch;
    for (int tap = 0; tap < 4; tap++) __builtin_prefetch(from + tap / 2 * row_step + tap % 2 * s.c + kAhead);
    vec best = lanes.get(from);
    ivec winner = isplat(0);
    if (t.columns > 1) take_larger(best, winner, lanes.get(from + s.c), 1);
    if (t.rows > 1) take_larger(best, winner, lanes.get(from + row_step), 2);
    if (t.rows > 1 && t.columns > 1) take_larger(best, winner, lanes.get(from + row_step + s.c), 3);
    vec g = lanes.get(dy + at);
    return [g, winner](int32_t tap) { return select(winner == isplat(tap), g, zero()); };
  });
  return true;
}

void avg_pool_dx(float* dx, const float* dy, const PoolShape& s, bool count_padding) {
  if (tiles(s.h) && tiles(s.w))
    return spread_any(dx, s, [&](int64_t at, const Tile& t, int64_t, auto lanes) {
      vec g = lanes.get(dy + at) / splat((float)(cells(s.h, t.oy, count_padding) * cells(s.w, t.ox, count_padding)));
      return [g](int32_t) { return g; };
    });
  gather_weighted(dx, dy, s.n, s.h.size, s.w.size, s.c, AverageReach{{s.h}, count_padding},
                  AverageReach{{s.w}, count_padding});
}

}  // namespace ISA
}  // namespace fastcnn
