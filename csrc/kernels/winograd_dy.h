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

// A dy A^T of channels [0, count) of 16 pixels: to[e * point + v * vector] for vector v, and `panel` further after each
// of their panels. The sum of the pixels is added to `sums`, if any. In winograd_grad.cpp.
void transform_gradients(float* to, int64_t point, int64_t vector, int64_t panel, const float* const (&pixels)[16],
                         int64_t count, float* sums);

// The same of one tile; what it does not show counts as zero. asks: for what is two tiles further along the row.
static inline __attribute__((always_inline)) void transform_gradient(float* to, int64_t point, int64_t vector,
                                                                     int64_t panel, const OutputGradient& g, Tile t,
                                                                     float* sums, bool asks) {
  bool edge = t.lowered() || t.shifted();
  if (g.winners && !edge) {
    Windows<2> windows({g.dy, g.winners, g.oh / 2, g.ow / 2, g.k}, g.zeros, t.n, t.i / 2, t.j / 2);
    if (asks) windows.ask(g.k);
    for (int64_t k = 0; k < g.k; to += vector + (k % kPanel ? 0 : panel)) {
      gradient_points(
          to, point, sums ? sums + k : nullptr, [&](vec(&y)[4], int j) __attribute__((always_inline)) {
            read_column<0>(y, windows, j, k);
          });
      k += kLanes;
    }
    return;
  }
  alignas(64) float read[kPoints][kLanes];
  const float *pixels[16], *row = g.dy + ((t.n * g.oh + t.i) * g.ow + t.j) * g.k;
  for (int i = 0; i < 4; i++, row += g.ow * g.k) {
    bool in = i >= t.lowered() && i < g.oh - t.i;
    for (int j = 0; j < 4; j++) {
      const float* pixel = g.winners ? read[i * 6 + j] : row + j * g.k;
      pixels[i * 4 + j] = in && j >= t.shifted() && j < g.ow - t.j ? pixel : g.zeros;
    }
  }
  if (!g.winners) {
    for (int i = 0; asks && i < g.oh - t.i && i < 4; i++) ask_for_tile(pixels[i * 4], g.k);
    return transform_gradients(to, point, vector, panel, pixels, g.k, sums);
  }
  for (int64_t k = 0; k < g.k; to += vector + (k % kPanel ? 0 : panel)) {
    read_pixels(read, {g.dy, g.winners, g.oh / 2, g.ow / 2, g.k}, t.n, t.i, t.j, k);
    transform_gradients(to, point, vector, panel, pixels, kLanes, sums ? sums + k : nullptr);
    k += kLanes;
  }
}

}  // namespace ISA
}  // namespace fastcnn
