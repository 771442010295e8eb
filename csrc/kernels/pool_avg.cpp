// y[p] = sum over the taps of window p that lie inside the image / cells counted; NHWC. The loops of pool_max.cpp. A
// row of the window is summed first, then the rows, so that large windows keep their accuracy.
#include "pool_window.h"

namespace fastcnn {
namespace ISA {
namespace {

struct Call {
  float* y;
  const float* x;
  const PoolShape& s;
  bool count_padding, past;
};

// y[0..c) = the mean over a long window, i x j taps from x on.
__attribute__((noinline)) void long_mean(float* y, const float* x, Range i, Range j, int64_t row_step,
                                         int64_t column_step, int64_t c, vec count) {
  over_channels(c, [=](int64_t ch, auto lanes) {
    vec sum = zero();
    for (int64_t top = i.begin; top < i.end; top += kLongSide)
      for (int64_t left = j.begin; left < j.end; left += kLongSide) {
        const int64_t bottom = top + kLongSide < i.end ? top + kLongSide : i.end;
        const int64_t right = left + kLongSide < j.end ? left + kLongSide : j.end;
        vec part = zero();
        for (int64_t r = top; r < bottom; r++) {
          vec row = zero();
          for (int64_t t = left; t < right; t++) row += lanes.get(x + ch + r * row_step + t * column_step);
          part += row;
        }
        sum += part;
      }
    lanes.put(y + ch, sum / count);
  });
}

// K: whole windows of K x K; 0: any part of any window.
template <int K>
__attribute__((noinline)) void mean_of(const Call& call, const Neighbours& w) {
  const PoolShape& s = call.s;
  // Copies, for what is stored might change the others.
  const int64_t row_step = w.row_step, column_step = w.column_step, step = w.step, c = s.c, y_step = s.y_pixel;
  const Range i_taps = w.i, j_taps = w.j;
  const bool padding = call.count_padding, apart = step > column_step, past = call.past;
  int64_t counted = padding ? cells(s.h, w.oy, true) * cells(s.w, w.ox, true) : w.i.size() * w.j.size();
  const vec divisor = splat(counted ? (float)counted : 1.0f);
  const float* x = call.x + w.corner;
  float* y = call.y + w.pixel;
  if (K == 0 && is_long(i_taps, j_taps)) {
    for (int64_t i = 0; i < w.count; i++)
      long_mean(y + i * y_step, x + i * step, i_taps, j_taps, row_step, column_step, c, divisor);
    return;
  }
  for (int64_t count = w.count; count > 0; count--, x += step, y += y_step)
    over_channels(
        c,
        [&](int64_t ch, auto lanes) __attribute__((always_inline)) {
          vec sum = zero();
          if constexpr (K > 0) {
            ask_ahead<K>(x + ch, row_step, column_step, apart);
#pragma GCC unroll 3
            for (int i = 0; i < K; i++) {
              const float* row = x + ch + i * row_step;
              vec part = lanes.get(row);
#pragma GCC unroll 3
              for (int j = 1; j < K; j++) part += lanes.get(row + j * column_step);
              sum = i ? sum + part : part;
            }
          } else {
            for (int64_t i = i_taps.begin; i < i_taps.end; i++) {
              vec part = zero();
              for (int64_t j = j_taps.begin; j < j_taps.end; j++)
                part += lanes.get(x + ch + i * row_step + j * column_step);
              sum += part;
            }
          }
          lanes.put(y + ch, sum / divisor);
        },
        past);
}

template <int K>
void avg_pool_of(float* y, const float* x, const PoolShape& s, bool count_padding) {
  const Call call{y, x, s, count_padding, streams(y, s)};
  each_window(s, [&](const Neighbours& w) { K > 0 && w.whole(K) ? mean_of<K>(call, w) : mean_of<0>(call, w); });
}

}  // namespace

void avg_pool(float* y, const float* x, const PoolShape& s, bool count_padding) {
  if (square(s) == 2) return avg_pool_of<2>(y, x, s, count_padding);
  if (square(s) == 3) return avg_pool_of<3>(y, x, s, count_padding);
  avg_pool_of<0>(y, x, s, count_padding);
}

}  // namespace ISA
}  // namespace fastcnn
