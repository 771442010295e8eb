// y[oy, ox] = x at ((oy + 1/2) h / oh - 1/2, (ox + 1/2) w / ow - 1/2): its nearest pixel, or the weighted mean of the
// four around it; NHWC. Positions are exact fractions of integers, so no rounding ever picks a neighbour. Reads fewer
// bytes than it writes when enlarging: rows of y in order, channels innermost.
#include "resize.h"

#include "pool_gather.h"

namespace fastcnn {
namespace ISA {
namespace {

struct NearestReach {
  int64_t size, out;
  int64_t cell(int64_t o) const { return (2 * o + 1) * size / (2 * out); }
  int64_t pixels() const { return out; }
  int64_t first(int64_t o) const { return cell(o); }
  int64_t last(int64_t o) const { return cell(o); }
  bool value(int64_t, int64_t, float* weight) const {
    *weight = 1;
    return true;
  }
};

// Output o lies between cells at and at + 1, `part` of the way; part is 0 at and beyond the outermost centres.
struct Place {
  int64_t at;
  float part;
};

struct LinearReach {
  int64_t size, out;
  Place place(int64_t o) const {
    int64_t top = (2 * o + 1) * size - out, bottom = 2 * out;
    if (top <= 0) return {0, 0};
    int64_t at = top / bottom;
    if (at >= size - 1) return {size - 1, 0};
    return {at, (float)((double)(top - at * bottom) / (double)bottom)};
  }
  int64_t pixels() const { return out; }
  int64_t first(int64_t o) const { return place(o).at; }
  int64_t last(int64_t o) const {
    Place p = place(o);
    return p.part > 0 ? p.at + 1 : p.at;
  }
  bool value(int64_t o, int64_t cell, float* weight) const {
    Place p = place(o);
    *weight = cell == p.at ? 1 - p.part : p.part;
    return true;
  }
};

// f(row of y in all images, its row in x of all images, oy) shared out to threads.
template <class F>
void each_row(const ResizeShape& s, int64_t work, F f) {
  parallel_rows(s.n * s.oh, s.ow * s.c, work, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) f(row, row / s.oh * s.h, row % s.oh);
    stream_fence();
  });
}

// A result larger than x stays in a shared cache if it can: past the caches where x alone would leave them.
bool streams_result(const float* y, const ResizeShape& s) {
  int64_t pixels = s.h * s.w < s.oh * s.ow ? s.h * s.w : s.oh * s.ow;
  return streams(y, s.n * pixels * s.c, s.c);
}

void nearest(float* y, const float* x, const ResizeShape& s) {
  NearestReach rows{s.h, s.oh};
  bool past = streams_result(y, s);
  each_row(s, s.n * s.oh * s.ow * ((s.c + 15) / 16), [&](int64_t row, int64_t image, int64_t oy) {
    const float* from = x + (image + rows.cell(oy)) * s.w * s.c;
    float* to = y + row * s.ow * s.c;
    int64_t step = 2 * s.w, bottom = 2 * s.ow, cell = 0, rest = s.w;  // (2 ox + 1) w = cell * bottom + rest
    cell += rest / bottom, rest %= bottom;
    for (int64_t ox = 0; ox < s.ow; ox++) {
      auto copy = [&](int64_t ch, auto lanes) { lanes.put(to + ox * s.c + ch, lanes.get(from + cell * s.c + ch)); };
      over_channels(s.c, copy, past);
      rest += step;
      while (rest >= bottom) rest -= bottom, cell++;
    }
  });
}

// Weights of zero are left out, for 0 * inf would be NaN where y is a pixel of x.
void bilinear(float* y, const float* x, const ResizeShape& s) {
  LinearReach rows{s.h, s.oh};
  bool past = streams_result(y, s);
  each_row(s, s.n * s.oh * s.ow * ((s.c + 15) / 16) * 3, [&](int64_t row, int64_t image, int64_t oy) {
    Place py = rows.place(oy);
    const float* upper = x + (image + py.at) * s.w * s.c;
    const float* lower = py.part > 0 ? upper + s.w * s.c : upper;
    int64_t bottom = 2 * s.ow, at = 0, rest = s.w - s.ow;  // as LinearReach has it, without a division
    for (int64_t ox = 0; ox < s.ow; ox++, rest += 2 * s.w) {
      while (rest >= bottom) rest -= bottom, at++;
      Place px{at < s.w - 1 ? at : s.w - 1, 0};
      if (rest > 0 && at < s.w - 1) px.part = (float)((double)rest / (double)bottom);
      int64_t left = px.at * s.c, right = px.part > 0 ? left + s.c : left;
      vec wx = splat(px.part), wy = splat(py.part), ux = splat(1 - px.part), uy = splat(1 - py.part);
      auto mix = [&](int64_t ch, auto lanes) {
        vec above = lanes.get(upper + left + ch), below = lanes.get(lower + left + ch);
        if (px.part > 0) {
          above = fma(lanes.get(upper + right + ch), wx, above * ux);
          below = fma(lanes.get(lower + right + ch), wx, below * ux);
        }
        lanes.put(y + (row * s.ow + ox) * s.c + ch, py.part > 0 ? fma(below, wy, above * uy) : above);
      };
      auto mix_large = [&](int64_t ch, auto lanes) {
        __builtin_prefetch(lower + left + ch + kAhead);
        mix(ch, lanes);
      };
      past ? over_channels(s.c, mix_large, true) : over_channels(s.c, mix);  // a branch less in its loops
    }
  });
}

void nearest_dx(float* dx, const float* dy, const ResizeShape& s) {
  gather_weighted(dx, dy, s.n, s.h, s.w, s.c, NearestReach{s.h, s.oh}, NearestReach{s.w, s.ow});
}

void bilinear_dx(float* dx, const float* dy, const ResizeShape& s) {
  gather_weighted(dx, dy, s.n, s.h, s.w, s.c, LinearReach{s.h, s.oh}, LinearReach{s.w, s.ow});
}

}  // namespace

extern const ResizeKernels resize_kernels;
const ResizeKernels resize_kernels = {nearest, nearest_dx, bilinear, bilinear_dx};

}  // namespace ISA
}  // namespace fastcnn
