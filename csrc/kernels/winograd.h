// Winograd's F(4x4, 3x3): a tile of 4x4 outputs from 36 products instead of 144.
//
//   Y = A^T [ (G w G^T) * (B^T d B) ] A        d: 6x6 inputs, w: 3x3 filter, *: element by element, summed over
//   channels
//
// The matrices belong to the points 0, +-5/8, +-3/2 and infinity: a fifth of the error that the usual 0, +-1, +-2 make,
// at the same cost. Each function below is one matrix times a vector of six (or three, or four) rows; a 2-D transform
// is rows first, then columns, and is itself a few dozen operations on vectors of channels.
#pragma once
#include "hints.h"
#include "prologue.h"
#include "vec.h"
#include "winograd_tiles.h"

namespace fastcnn {
namespace ISA {

// Sums start afresh after so many channels, or tiles: the transforms enlarge the rounding errors of long ones.
constexpr int64_t kPointDepth = 256;

constexpr int64_t kSharedFilter = int64_t(12) << 20;  // bytes of a transformed filter that count on the shared cache

// From one point's array to the next, in floats. A cache line more than its size: the 36 arrays are written and read
// side by side, and at a distance of some power of two they would all fall into the same few lines of the cache.
static inline int64_t point_stride(int64_t floats) { return (floats + 15) / 16 * 16 + 16; }

static inline void input_points(const vec (&d)[6], vec (&o)[6]) {  // B^T d
  vec p = fma(splat(-2.25f), d[2], d[4]), q = fma(splat(-2.25f), d[1], d[3]);
  vec r = fma(splat(-0.390625f), d[2], d[4]), t = fma(splat(-0.390625f), d[1], d[3]);
  o[0] = fma(splat(0.87890625f), d[0], fma(splat(-2.640625f), d[2], d[4]));
  o[1] = fma(splat(0.625f), q, p);
  o[2] = fma(splat(-0.625f), q, p);
  o[3] = fma(splat(1.5f), t, r);
  o[4] = fma(splat(-1.5f), t, r);
  o[5] = fma(splat(0.87890625f), d[1], fma(splat(-2.640625f), d[3], d[5]));
}

static inline void input_rows(const vec (&m)[6], vec (&o)[6]) {  // B m
  vec p = m[1] + m[2], q = m[1] - m[2], r = m[3] + m[4], t = m[3] - m[4];
  o[0] = splat(0.87890625f) * m[0];
  o[1] = fma(splat(-1.40625f), q, fma(splat(-0.5859375f), t, splat(0.87890625f) * m[5]));
  o[2] = fma(splat(-2.25f), p, fma(splat(-0.390625f), r, splat(-2.640625f) * m[0]));
  o[3] = fma(splat(0.625f), q, fma(splat(1.5f), t, splat(-2.640625f) * m[5]));
  o[4] = m[0] + p + r;
  o[5] = m[5];
}

static inline void output_rows(const vec (&m)[6], vec (&o)[4]) {  // A^T m
  vec p = m[1] + m[2], q = m[1] - m[2], r = m[3] + m[4], t = m[3] - m[4];
  o[0] = m[0] + p + r;
  o[1] = fma(splat(1.5f), t, splat(0.625f) * q);
  o[2] = fma(splat(2.25f), r, splat(0.390625f) * p);
  o[3] = fma(splat(3.375f), t, fma(splat(0.244140625f), q, m[5]));
}

// A^T m of one tile and one vector of columns, m[e] at products + e * point.
static inline __attribute__((always_inline)) void output_columns(const float* products, int64_t point,
                                                                 vec (&half)[4][6]) {
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) {
    vec d[6], o[4];
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) d[i] = load(products + (i * 6 + j) * point);
    output_rows(d, o);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) half[i][j] = o[i];
  }
}

static inline void output_points(const vec (&y)[4], vec (&o)[6]) {  // A y
  vec even = fma(splat(0.390625f), y[2], y[0]), odd = fma(splat(0.244140625f), y[3], splat(0.625f) * y[1]);
  vec even2 = fma(splat(2.25f), y[2], y[0]), odd2 = fma(splat(3.375f), y[3], splat(1.5f) * y[1]);
  o[0] = y[0];
  o[1] = even + odd;
  o[2] = even - odd;
  o[3] = even2 + odd2;
  o[4] = even2 - odd2;
  o[5] = y[3];
}

// G's columns: 512/450, then halves of 1/((a^2 - b^2) a^2), 1/((a^2 - b^2) a), 1/(a^2 - b^2) at each pair of points.
constexpr float kG0 = 1.1377777777777778f;
constexpr float kG10 = -0.6884033613445378f, kG11 = -0.43025210084033616f, kG12 = -0.2689075630252101f;
constexpr float kG30 = 0.11951447245564893f, kG31 = 0.1792717086834734f, kG32 = 0.2689075630252101f;

// f(i, o[i]) of o = G w, one after the other: few of them are there at a time.
template <class F>
static inline __attribute__((always_inline)) void with_filter_points(const vec (&w)[3], F f) {
  f(0, splat(kG0) * w[0]);
  f(5, w[2]);
  vec even = fma(splat(kG12), w[2], splat(kG10) * w[0]), odd = splat(kG11) * w[1];
  f(1, even + odd);
  f(2, even - odd);
  even = fma(splat(kG32), w[2], splat(kG30) * w[0]), odd = splat(kG31) * w[1];
  f(3, even + odd);
  f(4, even - odd);
}
static inline void filter_points(const vec (&w)[3], vec (&o)[6]) {
  with_filter_points(
      w, [&](int i, vec v) __attribute__((always_inline)) { o[i] = v; });
}

// Two rows of it: 0 and 5, 1 and 2, or 3 and 4.
template <int kRow>
static inline void half_points(const vec (&w)[3], vec (&o)[2]) {
  if constexpr (kRow == 0) {
    o[0] = splat(kG0) * w[0], o[1] = w[2];
  } else {
    vec even = fma(splat(kRow == 1 ? kG12 : kG32), w[2], splat(kRow == 1 ? kG10 : kG30) * w[0]);
    vec odd = splat(kRow == 1 ? kG11 : kG31) * w[1];
    o[0] = even + odd, o[1] = even - odd;
  }
}
static inline void filter_rows(const vec (&m)[6], vec (&o)[3]) {  // G^T m
  vec p = m[1] + m[2], q = m[1] - m[2], r = m[3] + m[4], t = m[3] - m[4];
  o[0] = fma(splat(kG30), r, fma(splat(kG10), p, splat(kG0) * m[0]));
  o[1] = fma(splat(kG31), t, splat(kG11) * q);
  o[2] = fma(splat(kG32), r, fma(splat(kG12), p, m[5]));
}

// B^T d B of one tile and one vector of channels: to[e * stride]. read(d, j) gives the six pixels of column j.
template <class Read>
static inline __attribute__((always_inline)) void transform_columns(float* to, int64_t stride, Read read) {
  vec half[6][6];
#pragma GCC unroll 6
  for (int j = 0; j < 6; j++) {
    vec d[6], o[6];
    read(d, j);
    input_points(d, o);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) half[i][j] = o[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < 6; i++) {
    vec o[6];
    input_points(half[i], o);
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) store(to + j * stride, o[j]);
    forget(to += 6 * stride);
  }
}

// The same from pointers of the 36 pixels, of channels [channel, channel + count), a vector at a time, `vector` floats
// apart. Pixels are read through the prologue where there is one, but for those that are `zeros`. In winograd.cpp.
void transform_inputs(float* to, int64_t stride, const float* const (&pixels)[kPoints], int64_t channel, int64_t count,
                      const float* zeros, const fastcnn_prologue* prologue, int64_t vector);

// The pixels of x (n, h, w, c) that a tile sees; those outside point at zeros.
static inline void tile_pixels(const float* (&pixels)[kPoints], const float* x, const float* zeros, int64_t h,
                               int64_t w, int64_t c, Tile t, int64_t top, int64_t left) {
  for (int i = 0; i < 6; i++)
    for (int j = 0; j < 6; j++) {
      int64_t a = t.i - top + i, b = t.j - left + j;
      bool in = (uint64_t)a < (uint64_t)h && (uint64_t)b < (uint64_t)w;
      pixels[i * 6 + j] = in ? x + ((t.n * h + a) * w + b) * c : zeros;
    }
}

// A dy A^T of one tile and one vector of channels: to[e * stride]. read(y, j) gives the four pixels of column j, whose
// sum is added to `sums`, if any.
template <class Read>
static inline __attribute__((always_inline)) void gradient_points(float* to, int64_t stride, float* sums, Read read) {
  vec half[6][4], sum = zero();
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    vec y[4], o[6];
    read(y, j);
    sum += (y[0] + y[1]) + (y[2] + y[3]);
    output_points(y, o);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) half[i][j] = o[i];
  }
  if (sums) store(sums, load(sums) + sum);
#pragma GCC unroll 6
  for (int i = 0; i < 6; i++) {
    vec o[6];
    output_points(half[i], o);
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) store(to + j * stride, o[j]);
    forget(to += 6 * stride);
  }
}

// Asks for the four pixels that a tile further along the row will be the first to read there.
static inline void ask_for_tile(const float* row, int64_t c) {
  constexpr int64_t kTilesAhead = 2;
  for (int64_t at = 4 * kTilesAhead * c; at < 4 * (kTilesAhead + 1) * c; at += 16) __builtin_prefetch(row + at);
}
static inline void ask_for_tile(const float* const (&pixels)[kPoints], const float* zeros, int64_t c) {
  for (int i = 0; i < 6; i++)
    if (pixels[i * 6 + 2] != zeros) ask_for_tile(pixels[i * 6 + 2], c);
}

}  // namespace ISA
}  // namespace fastcnn
