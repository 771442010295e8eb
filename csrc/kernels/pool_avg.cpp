// y[p] = sum over the taps of window p that lie inside the image / cells counted; NHWC. The loops of pool_max.cpp. A
// row of the window is summed first, then the rows, so that large windows keep their accuracy.
#include "pool_window.h"

namespace fastcnn {
namespace ISA {
namespace {

template <int K, class Lanes>
inline vec sum_of(const float* x, const Window& window, Lanes lanes) {
  vec sum = zero();
  if constexpr (K > 0) {
    ask_ahead<K>(x, window);
#pragma GCC unroll 3
    for (int i = 0; i < K; i++) {
      const float* row = x + window.corner + i * window.row_step;
      vec part = lanes.get(row);
#pragma GCC unroll 3
      for (int j = 1; j < K; j++) part += lanes.get(row + j * window.column_step);
      sum = i ? sum + part : part;
    }
  } else {
    for (int64_t i = window.i.begin; i < window.i.end; i++) {
      vec part = zero();
      for (int64_t j = window.j.begin; j < window.j.end; j++)
        part += lanes.get(x + window.corner + i * window.row_step + j * window.column_step);
      sum += part;
    }
  }
  return sum;
}

template <int K>
void avg_pool_of(float* y, const float* x, const PoolShape& s, bool count_padding) {
  bool past = streams(y, s);
  each_window(s, [&](int64_t pixel, int64_t image, const Window& window, int64_t oy, int64_t ox) {
    bool whole = K > 0 && window.i.size() == K && window.j.size() == K;
    int64_t counted = count_padding ? cells(s.h, oy, true) * cells(s.w, ox, true) : window.i.size() * window.j.size();
    vec count = splat(counted ? (float)counted : 1.0f);
    const float* from = x + image;
    if (whole)
      over_channels(
          s.c, [&](int64_t ch, auto lanes) { lanes.put(y + pixel + ch, sum_of<K>(from + ch, window, lanes) / count); },
          past);
    else
      over_channels(
          s.c, [&](int64_t ch, auto lanes) { lanes.put(y + pixel + ch, sum_of<0>(from + ch, window, lanes) / count); },
          past);
  });
}

}  // namespace

void avg_pool(float* y, const float* x, const PoolShape& s, bool count_padding) {
  if (square(s) == 2) return avg_pool_of<2>(y, x, s, count_padding);
  if (square(s) == 3) return avg_pool_of<3>(y, x, s, count_padding);
  avg_pool_of<0>(y, x, s, count_padding);
}

}  // namespace ISA
}  // namespace fastcnn
