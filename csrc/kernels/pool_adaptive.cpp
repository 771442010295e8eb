// y[oy, ox] = mean over the cells of bin oy x bin ox, where bin i of an axis runs from floor(i size / out) to
// ceil((i + 1) size / out): bins share cells where out does not divide size. NHWC; a row of the bin is summed first.
#include "pool_gather.h"

namespace fastcnn {
namespace ISA {
namespace {

struct Bins {
  int64_t size, out;
  Range bin(int64_t i) const { return {i * size / out, ((i + 1) * size + out - 1) / out}; }
  // As the pixels that reach a cell; value: 1 / the bin's cells on this axis.
  int64_t pixels() const { return out; }
  int64_t first(int64_t o) const { return bin(o).begin; }
  int64_t last(int64_t o) const { return bin(o).end - 1; }
  bool value(int64_t o, int64_t, float* weight) const {
    *weight = 1.0f / (float)bin(o).size();
    return true;
  }
};

// V vectors of channels side by side, a page ahead asked for.
template <int V, class Lanes>
inline void mean_of(float* to, const float* corner, Range i, Range j, int64_t w, int64_t c, vec count, Lanes lanes) {
  vec sum[V] = {};
  for (int64_t iy = 0; iy < i.size(); iy++) {
    vec part[V] = {};
    const float* from = corner + iy * w * c;
    for (int64_t ix = 0; ix < j.size(); ix++, from += c)
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) {
        __builtin_prefetch(from + v * kLanes + kAhead);
        part[v] += lanes.get(from + v * kLanes);
      }
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) sum[v] += part[v];
  }
#pragma GCC unroll 4
  for (int v = 0; v < V; v++) lanes.put(to + v * kLanes, sum[v] / count);
}

__attribute__((noinline)) void mean_of_bin(float* to, const float* corner, Range i, Range j, int64_t w, int64_t c,
                                           int64_t channels, vec count) {
  int64_t ch = 0;
  for (; ch + 4 * kLanes <= channels; ch += 4 * kLanes) mean_of<4>(to + ch, corner + ch, i, j, w, c, count, AllLanes{});
  over_channels(channels - ch, [&](int64_t rest, auto lanes) {
    mean_of<1>(to + ch + rest, corner + ch + rest, i, j, w, c, count, lanes);
  });
}

// The same of long bins, all channels of them.
void mean_of_parts(float* to, const float* corner, Range i, Range j, int64_t w, int64_t c, vec count) {
  constexpr int64_t kChannels = 256;
  float sum[kChannels], part[kChannels] = {};
  for (int64_t first = 0; first < c; first += kChannels) {
    const int64_t channels = c - first < kChannels ? c - first : kChannels;
    memset(sum, 0, sizeof sum);
    for (int64_t top = 0; top < i.size(); top += kLongSide)
      for (int64_t left = 0; left < j.size(); left += kLongSide) {
        const Range rows{top, top + kLongSide < i.size() ? top + kLongSide : i.size()};
        const Range columns{left, left + kLongSide < j.size() ? left + kLongSide : j.size()};
        mean_of_bin(part, corner + (top * w + left) * c + first, rows, columns, w, c, channels, splat(1));
#pragma GCC unroll 1
        for (int64_t k = 0; k < kChannels; k += kLanes) store(sum + k, load(sum + k) + load(part + k));
      }
#pragma GCC unroll 1
    for (int64_t k = 0; k < kChannels; k += kLanes) store(sum + k, load(sum + k) / count);
    memcpy(to + first, sum, (size_t)channels * sizeof(float));
  }
}

}  // namespace

void add_weighted(const float* from, const CellRow<float>& row, int64_t c) {
  add_hits(
      row, c, [](float a, float b) { return a * b; },
      [=](vec sum, int64_t at, float weight, auto lanes) { return fma(lanes.get(from + at), splat(weight), sum); },
      [=](int64_t at) __attribute__((always_inline)) { ask_four(from + at); });
}

void adaptive_avg(float* y, const float* x, int64_t n, int64_t h, int64_t w, int64_t c, int64_t oh, int64_t ow) {
  Bins rows{h, oh}, columns{w, ow};
  int64_t work = n * (oh > h ? oh : h) * (ow > w ? ow : w) * ((c + 15) / 16);
  parallel_rows(n * oh, (h / oh + 1) * w * c, work, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      Range i = rows.bin(row % oh);
      const float* image = x + row / oh * h * w * c;
      for (int64_t ox = 0; ox < ow; ox++) {
        Range j = columns.bin(ox);
        vec count = splat((float)(i.size() * j.size()));
        const float* corner = image + (i.begin * w + j.begin) * c;
        float* to = y + (row * ow + ox) * c;
        if (is_long(i, j))
          mean_of_parts(to, corner, i, j, w, c, count);
        else
          mean_of_bin(to, corner, i, j, w, c, c, count);
      }
    }
  });
}

void adaptive_avg_dx(float* dx, const float* dy, int64_t n, int64_t h, int64_t w, int64_t c, int64_t oh, int64_t ow) {
  gather_weighted(dx, dy, n, h, w, c, Bins{h, oh}, Bins{w, ow});
}

}  // namespace ISA
}  // namespace fastcnn
