// The outputs' gradient as both gradients of a convolution read it: A dy A^T, a tile of 4x4 at a time.
#pragma once
#include "winograd_ahead.h"
#include "winograd_pool.h"

namespace fastcnn {
namespace ISA {

// dy (n, oh, ow, k); with winners that of the maxima of its windows (winograd_pool.h).
struct OutputGradient {
  const float* dy;
  const uint8_t* winners;  // or null
  const float* zeros;      // k of them
  int64_t oh, ow, k;
  OutputGradient(const float* array, const float* nothing, const Conv2d& g)
      : dy(array), winners(g.winners), zeros(nothing), oh(g.oh), ow(g.ow), k(g.k) {}

  // What tiles [first, last) will read.
  void ask(RunsAhead& ahead, const Tiles& tiles, int64_t first, int64_t last) const {
    int64_t side = winners ? 2 : 4, h = oh * side / 4, w = ow * side / 4;
    ahead.add({dy, h, w, 4 * k, side, 0, 0}, tiles, first, last);
    ahead.add({winners, h, w, k, side, 0, 0}, tiles, first, last);
  }
};

// A dy A^T of one tile: to[e * point + v * vector] for vector v of its channels; what is past the map's edge counts as
// zero. The sum of its pixels is added to `sums`, if any. asks: for what is two tiles further along the row.
static inline __attribute__((always_inline)) void transform_gradient(float* to, int64_t point, int64_t vector,
                                                                     const OutputGradient& g, Tile t, float* sums,
                                                                     bool asks) {
  if (g.winners) {
    Windows<2> windows({g.dy, g.winners, g.oh / 2, g.ow / 2, g.k}, g.zeros, t.n, t.i / 2, t.j / 2);
    if (asks) windows.ask(g.k);
    for (int64_t k = 0; k < g.k; k += kLanes, to += vector)
      gradient_points(
          to, point, sums ? sums + k : nullptr, [&](vec(&y)[4], int j) __attribute__((always_inline)) {
            read_column<0>(y, windows, j, k);
          });
    return;
  }
  const float *pixels[16], *corner = g.dy + ((t.n * g.oh + t.i) * g.ow + t.j) * g.k;
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      pixels[i * 4 + j] = i < g.oh - t.i && j < g.ow - t.j ? corner + (i * g.ow + j) * g.k : g.zeros;
  for (int i = 0; asks && i < g.oh - t.i && i < 4; i++) ask_for_tile(pixels[i * 4], g.k);
  for (int64_t k = 0; k < g.k; k += kLanes, to += vector) {
    int live = (int)(g.k - k < kLanes ? g.k - k : kLanes);
    gradient_points(
        to, point, sums ? sums + k : nullptr, [&](vec(&y)[4], int j) __attribute__((always_inline)) {
#pragma GCC unroll 4
          for (int i = 0; i < 4; i++) {
            const float* p = pixels[i * 4 + j] + k;
            y[i] = live == kLanes ? load(p) : load_first(p, live);
          }
        });
  }
}

}  // namespace ISA
}  // namespace fastcnn
