// y[p] = max over the taps of window p that lie inside the image; NHWC. Channels run innermost, in vectors: a window is
// a handful of loads at fixed distances, neighbouring windows share their rows in L1 and L2, so x comes from memory
// once. The first of equal values wins, and so does the first NaN. A window without a cell gives -inf.
#include "pool_window.h"
#include "prologue.h"

namespace fastcnn {
namespace ISA {
namespace {

struct NoIndex {};
template <class T>
constexpr bool kIndexed = true;
template <>
constexpr bool kIndexed<NoIndex> = false;

// Lanes that read x through a normalisation.
template <class Lanes>
struct Through : Lanes {
  Normaliser normalise;
  vec get(const float* p) const { return normalise(Lanes::get(p)); }
};
inline int live(AllLanes) { return kLanes; }
inline int live(FirstLanes lanes) { return lanes.n; }

template <class F>
void over_lanes(int64_t c, const fastcnn_prologue& through, bool past, F f) {
  over_channels(
      c,
      [&](int64_t ch, auto lanes) {
        f(ch, Through<decltype(lanes)>{lanes, Normaliser(through, ch, live(lanes))});
      },
      past);
}
struct Plain {};
template <class F>
void over_lanes(int64_t c, Plain, bool past, F f) {
  over_channels(c, f, past);
}

// One call. y or indices may be null; how: Plain, or a prologue.
template <class Index, class How>
struct Call {
  float* y;
  Index* indices;
  const float* x;
  How how;
  const PoolShape& s;
  bool past;
};

// Four neighbours whose windows of 3 x 3 lie one cell from each other: the maximum of a column serves three.
template <class Lanes>
inline __attribute__((always_inline)) void max_of_four(float* y, const float* x, int64_t row_step, int64_t step,
                                                       int64_t y_step, Lanes lanes) {
  vec column[6];
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) {
    const float* top = x + j * step;
    column[j] = lanes.get(top);
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
      if (j > 1 && i == 2) __builtin_prefetch(top + i * row_step + kAhead);
      if (i > 0) take_larger(column[j], lanes.get(top + i * row_step));
    }
  }
#pragma GCC unroll 2
  for (int j = 0; j < 4; j += 2) {
    vec best = column[j], both = column[j + 1];
    take_larger(both, column[j + 2]);
    take_larger(best, both);
    take_larger(both, column[j + 3]);
    lanes.put(y + j * y_step, best);
    lanes.put(y + (j + 1) * y_step, both);
  }
}

// K: whole windows of K x K; 0: any part of any window.
template <int K, class Index, class How>
__attribute__((noinline)) void max_of(const Call<Index, How>& call, const Neighbours& w) {
  // Copies, for what is stored might change the others.
  const int64_t row_step = w.row_step, column_step = w.column_step, step = w.step;
  const int64_t c = call.s.c, y_step = call.s.y_pixel, kw = call.s.w.kernel;
  const Range i_taps = w.i, j_taps = w.j;
  const bool apart = step > column_step, past = call.past;
  const float* x = call.x + w.corner;
  float* y = call.y ? call.y + w.pixel : nullptr;
  Index* indices = call.indices + (kIndexed<Index> ? w.pixel : 0);
  int64_t count = w.count;
  if constexpr (K == 3 && !kIndexed<Index> && __is_same(How, Plain) && kLanes > 4)
    if (step == column_step)
      for (; count >= 4; count -= 4, x += 4 * step, y += 4 * y_step)
        over_channels(
            c,
            [=](int64_t ch, auto lanes)
                __attribute__((always_inline)) { max_of_four(y + ch, x + ch, row_step, step, y_step, lanes); },
            past);
  for (; count > 0; count--) {
    over_lanes(
        c, call.how, past, [&](int64_t ch, auto lanes) __attribute__((always_inline)) {
          vec best = splat(-__builtin_inff());
          ivec at = isplat(0);
          if constexpr (K > 0) {
            ask_ahead<K>(x + ch, row_step, column_step, apart);
            best = lanes.get(x + ch);
#pragma GCC unroll 9
            for (int tap = 1; tap < K * K; tap++) {
              vec v = lanes.get(x + ch + tap / K * row_step + tap % K * column_step);
              if constexpr (kIndexed<Index>)
                take_larger(best, at, v, tap);
              else
                take_larger(best, v);
            }
          } else {
            for (int64_t i = i_taps.begin; i < i_taps.end; i++)
              for (int64_t j = j_taps.begin; j < j_taps.end; j++) {
                vec v = lanes.get(x + ch + i * row_step + j * column_step);
                const int32_t tap = (int32_t)(i * kw + j);
                bool first = i == i_taps.begin && j == j_taps.begin;  // it may be -inf itself
                if (first) best = v, at = isplat(tap);
                if (!first) take_larger(best, at, v, tap);
              }
          }
          if (!kIndexed<Index> || y) lanes.put(y + ch, best);
          if constexpr (kIndexed<Index>) lanes.put(indices + ch, at);
        });
    x += step;
    if (y) y += y_step;
    if constexpr (kIndexed<Index>) indices += y_step;
  }
}

template <int K, class Index, class How>
void max_pool_of(float* y, Index* indices, const float* x, How how, const PoolShape& s) {
  const Call<Index, How> call{y, indices, x, how, s, y && streams(y, s)};
  each_window(s, [&](const Neighbours& w) { K > 0 && w.whole(K) ? max_of<K>(call, w) : max_of<0>(call, w); });
}

template <class Index, class How>
void max_pool_with(float* y, Index* indices, const float* x, How how, const PoolShape& s) {
  if (square(s) == 2) return max_pool_of<2>(y, indices, x, how, s);
  if (square(s) == 3) return max_pool_of<3>(y, indices, x, how, s);
  max_pool_of<0>(y, indices, x, how, s);
}

}  // namespace

void max_pool(float* y, void* indices, int index_bytes, const float* x, const fastcnn_prologue* through,
              const PoolShape& s) {
  NoIndex none;
  if (through) return max_pool_with(y, (uint8_t*)indices, x, *through, s);
  if (index_bytes == 1) return max_pool_with(y, (uint8_t*)indices, x, Plain{}, s);
  if (index_bytes == 4) return max_pool_of<0>(y, (int32_t*)indices, x, Plain{}, s);  // of large windows
  max_pool_with(y, &none, x, Plain{}, s);
}

uint8_t largest_index(const uint8_t* indices, int64_t size) {
  uint8_t largest = 0;  // the compiler vectorises this loop
  for (int64_t i = 0; i < size; i++) largest = indices[i] > largest ? indices[i] : largest;
  return largest;
}

}  // namespace ISA
}  // namespace fastcnn
