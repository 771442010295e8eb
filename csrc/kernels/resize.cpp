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

// f(row of y in all images, its row in x of all images, oy, count) shared out to threads. count: 2 where the row below
// comes from the same rows of x, so that both are written at once; else 1.
template <class Rows, class F>
void each_row(const ResizeShape& s, const Rows& rows, int64_t work, F f) {
  parallel_rows(s.n * s.oh, s.ow * s.c, work, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin, count; row < end; row += count) {
      const int64_t oy = row % s.oh, next = oy + 1;
      const bool two =
          next < s.oh && row + 1 < end && rows.first(oy) == rows.first(next) && rows.last(oy) == rows.last(next);
      count = two ? 2 : 1;
      f(row, row / s.oh * s.h, oy, count);
    }
    stream_fence();
  });
}

// A result larger than x stays in a shared cache if it can: past the caches where x alone would leave them.
bool streams_result(const float* y, const ResizeShape& s) {
  int64_t pixels = s.h * s.w < s.oh * s.ow ? s.h * s.w : s.oh * s.ow;
  return streams(y, s.n * pixels * s.c, s.c);
}

void nearest(float* y, const float* x, const ResizeShape& s) {
  const NearestReach rows{s.h, s.oh};
  const bool past = streams_result(y, s);
  const int64_t c = s.c, w = s.w, ow = s.ow;
  each_row(s, rows, s.n * s.oh * ow * ((c + 15) / 16), [=](int64_t row, int64_t image, int64_t oy, int64_t count) {
    const float* from = x + (image + rows.cell(oy)) * w * c;
    float* to = y + row * ow * c;
    const int64_t step = 2 * w, bottom = 2 * ow, below = ow * c;
    for (int64_t ox = 0, rest = w; ox < ow; ox++, rest += step, to += c) {  // (2 ox + 1) w = cell * bottom + rest
      for (; rest >= bottom; rest -= bottom) from += c;
      over_channels(
          c,
          [=](int64_t ch, auto lanes) __attribute__((always_inline)) {
            const vec v = lanes.get(from + ch);
            lanes.put(to + ch, v);
            if (count == 2) lanes.put(to + below + ch, v);
          },
          past);
    }
  });
}

// Rows of y that lie between the same rows of x, at the same pixel: weights of the lower row, and of the upper.
struct Mixture {
  vec lower[2], upper[2];
  int64_t below;   // from the first row of y to the second, or 0
  bool past, ask;  // ask: for what is written next, as the hardware does not where several runs take turns
};

// Columns of y that lie between the same columns of x, and their weights of the right one.
struct Columns {
  float right[2];
  int count;
};

// c channels between four pixels. kRight, kLower: whether those at the right, and below, have a weight: 0 * inf would
// be NaN where y is a pixel of x.
template <bool kRight, bool kLower>
void mix(float* y, const float* upper, const float* lower, int64_t c, const Columns& columns, const Mixture& m) {
  const vec wx0 = splat(columns.right[0]), ux0 = splat(1 - columns.right[0]), wx1 = splat(columns.right[1]),
            ux1 = splat(1 - columns.right[1]), w0 = m.lower[0], w1 = m.lower[1], u0 = m.upper[0], u1 = m.upper[1];
  const int64_t below = m.below;
  const bool two = kRight && kLower && columns.count > 1, ask = m.ask;
  over_channels(
      c,
      [=](int64_t ch, auto lanes) __attribute__((always_inline)) {
        const vec a = lanes.get(upper + ch), next_a = kRight ? lanes.get(upper + ch + c) : a;
        vec b = a, next_b = a;
        if constexpr (kLower) {
          __builtin_prefetch(lower + ch + kAhead);
          b = lanes.get(lower + ch), next_b = kRight ? lanes.get(lower + ch + c) : b;
        }
        auto down = [=](float* to, vec wx, vec ux) __attribute__((always_inline)) {
          const vec p = kRight ? fma(next_a, wx, a * ux) : a, q = kRight ? fma(next_b, wx, b * ux) : b;
          lanes.put(to, kLower ? fma(q, w0, p * u0) : p);
          if (below) lanes.put(to + below, kLower ? fma(q, w1, p * u1) : p);
        };
        down(y + ch, wx0, ux0);
        if (kRight && kLower && ask) {
          __builtin_prefetch(y + ch + kAhead);
          __builtin_prefetch(y + below + ch + kAhead);
          __builtin_prefetch(y + c + ch + kAhead);
          __builtin_prefetch(y + c + below + ch + kAhead);
        }
        if (two) down(y + ch + c, wx1, ux1);
      },
      m.past);
}

void bilinear(float* y, const float* x, const ResizeShape& s) {
  const LinearReach rows{s.h, s.oh};
  const bool past = streams_result(y, s), ask = !past && s.n * s.oh * s.ow * s.c * 4 >= kStreamFrom;
  each_row(
      s, rows, s.n * s.oh * s.ow * ((s.c + 15) / 16) * 3, [&](int64_t row, int64_t image, int64_t oy, int64_t count) {
        const Place place = rows.place(oy);
        const float part[] = {place.part, rows.place(oy + count - 1).part};
        const Mixture m{{splat(part[0]), splat(part[1])},
                        {splat(1 - part[0]), splat(1 - part[1])},
                        (count - 1) * s.ow * s.c,
                        past,
                        ask};
        const float* upper = x + (image + place.at) * s.w * s.c;
        const int64_t lower = part[0] > 0 ? s.w * s.c : 0, bottom = 2 * s.ow;
        float* to = y + row * s.ow * s.c;
        int64_t at = 0, rest = s.w - s.ow;  // as LinearReach has it, without a division
        for (int64_t ox = 0; ox < s.ow;) {
          while (rest >= bottom) rest -= bottom, at++;
          const bool right = rest > 0 && at < s.w - 1;
          Columns columns{{}, 0};
          do {
            columns.right[columns.count++] = right ? (float)((double)rest / (double)bottom) : 0;
            ox++, rest += 2 * s.w;
          } while (right && lower && columns.count < 2 && ox < s.ow && rest < bottom);
          const float* from = upper + (at < s.w - 1 ? at : s.w - 1) * s.c;
          auto run = right ? lower ? mix<true, true> : mix<true, false> : lower ? mix<false, true> : mix<false, false>;
          run(to, from, from + lower, s.c, columns, m);
          to += columns.count * s.c;
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
