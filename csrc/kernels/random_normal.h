// Words -> normal numbers. The polynomials are our own near-minimax fits, their errors far below a float's rounding;
// coefficients from the constant upwards.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

template <int N>
inline vec polynomial(vec x, const float (&c)[N]) {
  vec y = splat(c[N - 1]);
  for (int i = N - 2; i >= 0; i--) y = fma(y, x, splat(c[i]));
  return y;
}

// log x for normal x > 0: x = 2^e m with m in [sqrt 1/2, sqrt 2), then log m = f + f^2 P(f), f = m - 1.
inline vec log_positive(vec x) {
  static constexpr float p[] = {-0.49999988f, 0.33333308f, -0.25001517f, 0.2000301f,  -0.16611272f,
                                0.14163609f,  -0.1320804f, 0.13003817f,  -0.07823902f};
  constexpr int32_t half_root = 0x3f3504f3;  // the bits of sqrt 1/2
  ivec shifted = bits(x) - isplat(half_root);
  vec e = to_float(shifted >> 23);
  vec f = from_bits((shifted & isplat(0x7fffff)) + isplat(half_root)) - splat(1.0f);
  vec tail = fma(e, splat(1.42860677e-06f), f * f * polynomial(f, p));  // log 2 in two parts, the first of few bits
  return fma(e, splat(0.693145752f), f + tail);
}

// The word as a number in (0, 1], finest where it matters: near 0, which becomes the normal's tail.
inline vec unit(uvec word) {
  vec high = to_float((ivec)(word >> 16)), low = to_float((ivec)(word & 0xffffu));
  return fma(high * splat(65536.0f) + low, splat(0x1p-32f), splat(0x1p-33f));
}

// Box-Muller: sqrt(-2 log u) * (cos, sin)(2 pi v). The quarter turn comes off v's word exactly, so the polynomials see
// |t| <= 1/8 turn.
struct NormalPair {
  vec a, b;
};
inline NormalPair normal_pair(uvec u, uvec v) {
  static constexpr float s[] = {6.2831855f, -41.341701f, 81.605202f, -76.697868f, 41.47295f};
  static constexpr float c[] = {1.0f, -19.739208f, 64.939316f, -85.442856f, 59.220406f};
  vec radius = sqrt(splat(-2.0f) * log_positive(unit(u)));
  uvec quarter = (v + 0x20000000u) >> 30;
  vec t = to_float((ivec)(v - (quarter << 30))) * splat(0x1p-32f);
  vec q = t * t, sine = t * polynomial(q, s), cosine = polynomial(q, c);
  ivec odd = (ivec)(quarter & 1u) != isplat(0);
  ivec cos_sign = (ivec)((quarter + 1u) >> 1 << 31), sin_sign = (ivec)(quarter >> 1 << 31);
  vec x = from_bits(bits(select(odd, sine, cosine)) ^ cos_sign);
  vec y = from_bits(bits(select(odd, cosine, sine)) ^ sin_sign);
  return {radius * x, radius * y};
}

// The normal distribution within +-2, by its inverse: z = sqrt 2 erfinv(x), x uniform in +-erf(sqrt 2), written as
// x E(w), w = -log(1 - x^2), which has no singularity at the ends.
inline vec truncated_normal(uvec word) {
  static constexpr float p[] = {1.2533141f,    0.32811686f,    0.016333299f,    -0.0033026605f, -0.00018021098f,
                                6.459791e-05f, 4.0702112e-06f, -2.1112915e-06f, 1.665509e-07f};
  vec x = splat(0.954499736f) * fma(to_float((ivec)word), splat(0x1p-31f), splat(0x1p-32f));
  vec w = -log_positive(fma(-x, x, splat(1.0f)));
  return max(splat(-2.0f), min(splat(2.0f), x * polynomial(w, p)));
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
