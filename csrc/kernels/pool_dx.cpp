// dx of max and average pooling; NHWC. Where windows tile the image, each is spread over its own cells: dy is read
// once, dx written once. Where they overlap or leave gaps, each cell gathers from the windows that reach it
// (pool_gather.h, pool_dx_3x3.cpp).
#include "pool_dx_3x3.h"

namespace fastcnn {
namespace ISA {
namespace {

bool tiles(const PoolAxis& a) { return a.stride == a.kernel && a.dilation == 1 && a.before == 0; }

// `count` neighbours of a tiling, and how much of each lies inside the image. The first is dy[at], and begins at
// dx[corner].
struct Tiles {
  int64_t at, corner, rows, columns, count;
};

// share(at, corner, rows, columns, lanes), offsets of a vector, makes what its window's cells take their values from:
// value(tap). K: whole windows of K x K, or 0.
template <int K, class Share>
__attribute__((noinline)) void spread_tiles(float* dx, const Tiles& t, const PoolShape& s, bool past, Share share) {
  // Copies, for what is stored might change the others.
  const int64_t rows = K ? K : t.rows, columns = K ? K : t.columns, c = s.c, row_step = s.w.size * c;
  const int64_t row_taps = s.w.kernel;
  int64_t at = t.at, corner = t.corner;
  for (int64_t count = t.count; count > 0; count--, at += c, corner += row_taps * c)
    over_channels(
        c,
        [=](int64_t ch, auto lanes) __attribute__((always_inline)) {
          float* to = dx + corner + ch;
          auto value = share(at + ch, corner + ch, rows, columns, lanes);
          if constexpr (K > 0) {
#pragma GCC unroll 4
            for (int tap = 0; tap < K * K; tap++) lanes.put(to + tap / K * row_step + tap % K * c, value(tap));
          } else {
            for (int64_t i = 0; i < rows; i++)
              for (int64_t j = 0; j < columns; j++)
                lanes.put(to + i * row_step + j * c, value((int32_t)(i * row_taps + j)));
          }
        },
        past);
}

// shares(oy, ox): how the windows from there on share out their pixels. past: whether dx is stored past the caches.
template <int K, class Shares>
void spread(float* dx, const PoolShape& s, bool past, Shares shares) {
  int64_t work = s.n * s.h.size * s.w.size * ((s.c + 15) / 16), row_step = s.w.size * s.c;
  parallel_rows(s.n * s.h.out, s.h.kernel * row_step, work, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      int64_t oy = row % s.h.out, top = oy * s.h.kernel, bottom = oy + 1 == s.h.out ? s.h.size : top + s.h.kernel;
      float* image = dx + row / s.h.out * s.h.size * row_step;
      int64_t rows = taps(s.h, top, s.h.size).end;
      for (int64_t ox = 0, count; ox < s.w.out; ox += count) {
        int64_t left = ox * s.w.kernel, columns = taps(s.w, left, s.w.size).end;
        count = columns == s.w.kernel ? (s.w.size - left) / s.w.kernel : 1;
        if (count > s.w.out - ox) count = s.w.out - ox;
        const Tiles t{(row * s.w.out + ox) * s.c, image - dx + top * row_step + left * s.c, rows, columns, count};
        if (K > 0 && rows == K && columns == K)
          spread_tiles<K>(dx, t, s, past, shares(oy, ox));
        else
          spread_tiles<0>(dx, t, s, past, shares(oy, ox));
      }
      int64_t covered = s.w.out * s.w.kernel;  // what no window reaches: the right end of its rows, the rows below
      for (int64_t i = 0; i < rows; i++)
        clear(image + ((top + i) * s.w.size + covered) * s.c, (s.w.size - covered) * s.c);
      clear(image + (top + rows) * row_step, (bottom - top - rows) * row_step);
    }
    stream_fence();
  });
}

template <class Shares>
void spread_any(float* dx, const PoolShape& s, Shares shares) {
  if (square(s) == 2) return spread<2>(dx, s, streams_dx(dx, s), shares);
  spread<0>(dx, s, square(s) > 0 && streams_dx(dx, s), shares);
}

template <class Index>
void add_won(const CellRow<int32_t>& row, const float* dy, const Index* indices, const PoolShape& s) {
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
  auto won = [=](int64_t, int64_t) {
    return [=](int64_t at, int64_t, int64_t, int64_t, auto lanes) __attribute__((always_inline)) {
      vec g = lanes.get(dy + at);
      ivec winner = lanes.get(indices + at);
      return [=](int32_t tap) __attribute__((always_inline)) { return select(winner == isplat(tap), g, zero()); };
    };
  };
  if (tiles(s.h) && tiles(s.w)) {
    if constexpr (sizeof(Index) > 1)
      return spread<0>(dx, s, false, won);  // of large windows
    else
      return spread_any(dx, s, won);
  }
  gather<int32_t>(dx, s.n, s.h.size, s.w.size, s.c, WindowReach{s.h}, WindowReach{s.w},
                  [&](const CellRow<int32_t>& row) { add_won(row, dy, indices, s); });
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

// The same of 2 x 2 windows that find the winners of x again.
void max_pool_2x2_dx(float* dx, const float* dy, const float* x, const PoolShape& s) {
  const int64_t row_step = s.w.size * s.c, c = s.c;
  spread<2>(dx, s, streams(dx, s.n * s.h.size * s.w.size * c, c), [=](int64_t, int64_t) {
    return [=](int64_t at, int64_t corner, int64_t rows, int64_t columns, auto lanes) __attribute__((always_inline)) {
      const float* from = x + corner;
      for (int tap = 0; tap < 4; tap++) __builtin_prefetch(from + tap / 2 * row_step + tap % 2 * c + kAhead);
      vec best = lanes.get(from);
      ivec winner = isplat(0);
      if (columns > 1) take_larger(best, winner, lanes.get(from + c), 1);
      if (rows > 1) take_larger(best, winner, lanes.get(from + row_step), 2);
      if (rows > 1 && columns > 1) take_larger(best, winner, lanes.get(from + row_step + c), 3);
      vec g = lanes.get(dy + at);
      return [=](int32_t tap) __attribute__((always_inline)) { return select(winner == isplat(tap), g, zero()); };
    };
  });
}

}  // namespace

void max_pool(float* y, void* indices, int index_bytes, const float* x, const fastcnn_prologue* through,
              const PoolShape& s);

void max_pool_dx(float* dx, const float* dy, const void* indices, int index_bytes, const float* x, void* scratch,
                 const PoolShape& s) {
  if (!indices) {
    if (tiles(s.h) && tiles(s.w) && square(s) == 2) return max_pool_2x2_dx(dx, dy, x, s);
    max_pool(nullptr, scratch, index_bytes, x, nullptr, s);
    indices = scratch;
  }
  if (index_bytes == 1 && takes_3x3_dx(s)) return max_pool_3x3_dx(dx, dy, (const uint8_t*)indices, s);
  if (index_bytes == 1) return max_pool_dx_with(dx, dy, (const uint8_t*)indices, s);
  max_pool_dx_with(dx, dy, (const int32_t*)indices, s);
}

void avg_pool_dx(float* dx, const float* dy, const PoolShape& s, bool count_padding) {
  if (tiles(s.h) && tiles(s.w))
    return spread_any(dx, s, [=, &s](int64_t oy, int64_t ox) {
      const vec count = splat((float)(cells(s.h, oy, count_padding) * cells(s.w, ox, count_padding)));
      return [=](int64_t at, int64_t, int64_t, int64_t, auto lanes) __attribute__((always_inline)) {
        vec g = lanes.get(dy + at) / count;
        return [=](int32_t) __attribute__((always_inline)) { return g; };
      };
    });
  gather_weighted(dx, dy, s.n, s.h.size, s.w.size, s.c, AverageReach{{s.h}, count_padding},
                  AverageReach{{s.w}, count_padding});
}

}  // namespace ISA
}  // namespace fastcnn
