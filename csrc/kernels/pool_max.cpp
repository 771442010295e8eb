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

template <class Index, class Lanes>
inline void put_max(float* y, Index* index, vec best, ivec at, Lanes lanes) {
  if (y) lanes.put(y, best);
  if constexpr (kIndexed<Index>) lanes.put(index, at);
}

// One vector of channels. K: a whole window of K x K; 0: any part of any window.
template <int K, class Index, class Lanes>
inline void max_of(float* y, Index* index, const float* x, const Window& window, int64_t kw, Lanes lanes) {
  ivec at = isplat(0);
  if constexpr (K > 0) {
    ask_ahead<K>(x, window);
    vec best = lanes.get(x + window.corner);
#pragma GCC unroll 9
    for (int tap = 1; tap < K * K; tap++) {
      vec v = lanes.get(x + window.corner + tap / K * window.row_step + tap % K * window.column_step);
      if constexpr (kIndexed<Index>)
        take_larger(best, at, v, tap);
      else
        take_larger(best, v);
    }
    put_max(y, index, best, at, lanes);
  } else {
    vec best = splat(-__builtin_inff());
    for (int64_t i = window.i.begin; i < window.i.end; i++)
      for (int64_t j = window.j.begin; j < window.j.end; j++) {
        vec v = lanes.get(x + window.corner + i * window.row_step + j * window.column_step);
        bool first = i == window.i.begin && j == window.j.begin;  // it may be -inf itself
        if (first) best = v, at = isplat((int32_t)(i * kw + j));
        if (!first) take_larger(best, at, v, (int32_t)(i * kw + j));
      }
    put_max(y, index, best, at, lanes);
  }
}

template <int K, class Index, class How>
void max_pool_of(float* y, Index* indices, const float* x, How how, const PoolShape& s) {
  bool past = y && streams(y, s);
  each_window(s, [&](int64_t pixel, int64_t image, const Window& window, int64_t, int64_t) {
    bool whole = K > 0 && window.i.size() == K && window.j.size() == K;
    float* to = y ? y + pixel : nullptr;
    Index* index = indices + (kIndexed<Index> ? pixel : 0);
    const float* from = x + image;
    if (whole)
      over_lanes(s.c, how, past, [&](int64_t ch, auto lanes) {
        max_of<K>(to ? to + ch : to, index + (kIndexed<Index> ? ch : 0), from + ch, window, s.w.kernel, lanes);
      });
    else
      over_lanes(s.c, how, past, [&](int64_t ch, auto lanes) {
        max_of<0>(to ? to + ch : to, index + (kIndexed<Index> ? ch : 0), from + ch, window, s.w.kernel, lanes);
      });
  });
}

// how: Plain, or a prologue.
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
