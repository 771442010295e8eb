// exp, expm1, log, log1p, tanh, sigmoid, erf, softplus of a vector: within 2 ulp everywhere, denormals, infinities and
// NaN included, and the same bits on every ISA with a fused multiply-add.
//
// Each reduces its argument exactly and evaluates a polynomial fitted in the sense of Chebyshev, its coefficients
// rounded to float one after the other with the others refitted. ln 2 is split into 355/512 and a rest: multiples of
// the first by an exponent are exact with or without fma. All branches are computed and selected: no lane is slow.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {

constexpr float kLog2E = 1.442695041f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
constexpr float kInfinity = __builtin_inff(), kSmallestNormal = 1.17549435e-38f;

// c[0] + c[1] x + c[2] x^2 ...
template <int N>
static inline vec polynomial(vec x, const float (&c)[N]) {
  vec y = splat(c[N - 1]);
#pragma GCC unroll 16
  for (int i = N - 2; i >= 0; i--) y = fma(y, x, splat(c[i]));
  return y;
}

static inline vec copy_sign(vec magnitude, vec sign) {
  return from_bits((bits(magnitude) & isplat(0x7fffffff)) | (bits(sign) & isplat((int32_t)0x80000000)));
}

// x = n ln 2 + r with n an integer, |r| < 0.348. Adding a number whose last place is 1 rounds: n + bias are the last
// bits of `whole`, where shifting finds them.
struct Reduced {
  vec whole, r;
};
constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23
static inline vec rest_of(vec x, vec n) { return fma(n, splat(-kLn2Low), fma(n, splat(-kLn2High), x)); }
static inline Reduced reduced(vec x, float bias) {
  vec whole = fma(x, splat(kLog2E), splat(kRounder + bias));
  return {whole, rest_of(x, whole - splat(kRounder + bias))};
}
static inline vec power_of_two(vec whole) { return from_bits(bits(whole) << 23); }  // of a bias of 127

// (e^r - 1 - r) / r^2 for |r| < 0.348
static inline vec exp_tail(vec r) {
  constexpr float c[] = {0.49999994f, 0.16666521f, 0.041668292f, 0.008368716f, 0.0013818698f};
  return polynomial(r, c);
}
static inline vec growth(vec r) { return fma(r * r, exp_tail(r), r); }  // e^r - 1

// e^x = scaled * rest: two steps to the exponent, so that the last multiplication is the only one that can round, be it
// to a denormal or to infinity. Whoever multiplies the result does so before `rest`. Where an instruction multiplies by
// a power of two, scaled has none of it and rest is the exponent: the same product.
struct Exponential {
  vec scaled, rest;
};
constexpr float kTwice = 254;  // the bias for two steps
constexpr bool kPowers = kLanes == 16;
static inline vec times_rest(vec v, Exponential e) { return kPowers ? times_power(v, e.rest) : v * e.rest; }
// 2^n (one + growth), one being 1 or 2
static inline Exponential in_steps(vec whole, vec growth, int one) {
  if constexpr (kPowers) return {splat((float)one) + growth, whole - splat(kRounder + kTwice)};
  ivec i = bits(whole), first = i >> 1;
  vec half = from_bits(first << 23);
  return {fma(growth, half, one == 1 ? half : half + half), from_bits((i - first) << 23)};
}
static inline Exponential in_steps(Reduced x) { return in_steps(x.whole, growth(x.r), 1); }
// -150 <= x <= 89 is enough: e^x is zero or infinite beyond, even times a number as large as |x|.
[[gnu::always_inline]] static inline Exponential exp_parts(vec x) {
  return in_steps(reduced(min(splat(89), max(splat(-150), x)), kTwice));
}
static inline vec value(Exponential e) { return times_rest(e.scaled, e); }

static inline vec exp(vec x) { return value(exp_parts(x)); }
// The same of x <= 0 and of NaN, in a few instructions less, inlined where that pays.
[[gnu::always_inline]] static inline vec exp_below(vec x) {
  if constexpr (kLanes == 4) return exp(x);
  return value(in_steps(reduced(max(splat(-150), x), kTwice)));
}

// 2^n (e^r - 1) + (2^n - 1), at half the size because 2^128 does not exist; the large parts are added exactly.
static inline vec expm1(vec x) {
  vec a = min(splat(89), max(splat(-25), x));
  vec whole = fma(a, splat(kLog2E), splat(kRounder + 126)), n = whole - splat(kRounder + 126);
  vec high = fma(n, splat(-kLn2High), a);
  vec r = fma(n, splat(-kLn2Low), high);
  vec lost = fma(n, splat(-kLn2Low), high - r);  // what rounding r dropped
  vec scale = power_of_two(whole);
  vec tail = fma(r * r, exp_tail(r), lost);
  vec base = scale - splat(0.5f), sr = scale * r, sum = base + sr;
  vec dropped = sr - (sum - base);
  vec y = sum + fma(scale, tail, dropped);
  return select(abs(x) < splat(1e-30f), x, y + y);
}

// log(1 + f) + e ln 2 for -0.293 <= f <= 0.4143
static inline vec log_reduced(vec f, vec e) {
  constexpr float c[] = {0.333333105f,  -0.249999866f, 0.20002225f,   -0.16669251f, 0.142186746f,
                         -0.123843446f, 0.118729174f,  -0.117898501f, 0.06915465f};
  vec s = f * f;
  vec y = fma(s * f, polynomial(f, c), splat(-0.5f) * s);
  y = fma(e, splat(kLn2Low), y);
  return fma(e, splat(kLn2High), f + y);
}

// u = 2^e (1 + f) with the mantissa between sqrt(1/2) and sqrt(2); u normal and positive.
static inline void split_exponent(vec u, vec* f, ivec* e) {
  ivec i = bits(u) - isplat(0x3f3504f3);
  *e = i >> 23;
  *f = from_bits((i & isplat(0x7fffff)) + isplat(0x3f3504f3)) - splat(1);
}

static inline vec log(vec x) {
  ivec small = x < splat(kSmallestNormal), e;
  vec f;
  split_exponent(select(small, x * splat(16777216.0f), x), &f, &e);
  vec y = log_reduced(f, to_float(e - (small & isplat(24))));
  y = select(x < splat(kInfinity), y, x);  // +inf and NaN stay
  y = select(x <= zero(), splat(-kInfinity), y);
  return select(x < zero(), splat(__builtin_nanf("")), y);
}

static inline vec log1p(vec x) {
  vec u = splat(1) + x, part = u - splat(1);
  vec dropped = (splat(1) - (u - part)) + (x - part);  // 1 + x = u + dropped, exactly
  ivec e;
  vec f;
  split_exponent(u, &f, &e);
  vec scale = from_bits(select(e < isplat(64), (127 - e) << 23, ivec{}));  // beyond, nothing is left of `dropped`
  vec y = log_reduced(fma(dropped, scale, f), to_float(e));
  y = select(x < splat(kInfinity), y, x);
  y = select(x <= splat(-1), splat(-kInfinity), y);
  y = select(x < splat(-1), splat(__builtin_nanf("")), y);
  return select(abs(x) < splat(1e-30f), x, y);
}

// log(1 + z) = z + z^2 p(z) for 0 <= z <= 1
static inline vec log1p_unit(vec z) {
  constexpr float c[] = {-0.4999993f, 0.33330464f,   -0.2495802f, 0.19692121f,   -0.15344977f,
                         0.10661371f, -0.057460483f, 0.02008846f, -0.0032910742f};
  return fma(z * z, polynomial(z, c), z);
}

// x + x^3 p(x^2) below 0.625, 1 - 2 / (e^2|x| + 1) from there, 1 from 10 on.
static inline vec tanh(vec x) {
  constexpr float c[] = {-0.333333313f, 0.133332223f, -0.053948462f, 0.0217087492f, -0.00819508638f, 0.00215763575f};
  vec t = abs(x), s = x * x;
  vec small = fma(s * x, polynomial(s, c), x);
  vec a = min(splat(20), t + t);
  Reduced e = reduced(a, 127);
  vec scale = power_of_two(e.whole);
  vec large = splat(1) - splat(2) / fma(scale, growth(e.r), scale + splat(1));
  return copy_sign(select(t < splat(0.625f), small, large), x);  // of -0, too
}

// e^-|v| = power e^r: 1 / (1 + e^-v) = a / bottom and 1 / (1 + e^v) = b (1 + growth) / bottom, where one of a and b is
// 1 and the other power, a the one of negative v. times_a: right down to the last denormal.
struct Logistic {
  ivec negative;
  vec whole, b, growth, bottom;
  vec times_a(vec x) const {
    if constexpr (kPowers) return select(negative, times_power(x, whole - splat(kRounder + 127)), x);
    ivec i = select(negative, bits(whole) + 127, isplat(254)), first = i >> 1;
    return x * from_bits(first << 23) * from_bits((i - first) << 23);
  }
};
static inline Logistic logistic(vec v) {
  Reduced e = reduced(max(splat(-150), -abs(v)), 127);
  vec power = power_of_two(max(splat(kRounder + 1), e.whole));
  ivec sign = bits(v) & isplat((int32_t)0x80000000);
  Logistic p{sign < 0, e.whole, {}, growth(from_bits(bits(e.r) ^ sign)), {}};
  p.b = select(p.negative, splat(1), power);
  vec sum = splat(1) + power, dropped = power - (sum - splat(1));
  p.bottom = sum + fma(p.b, p.growth, dropped);
  return p;
}
static inline vec over_one_plus_exp(vec top, vec v) {
  Logistic p = logistic(v);
  return p.times_a(top / p.bottom);
}

static inline vec sigmoid(vec x) { return over_one_plus_exp(splat(1), x); }

// x + x p(x^2) below 0.93, 1 - e^p(|x|) from there.
static inline vec erf(vec x) {
  constexpr float c[] = {0.128379166f,  -0.376126289f,    0.112836242f,   -0.026855588f,
                         0.0051919478f, -0.000804383948f, 7.96966342e-05f};
  constexpr float d[] = {0.000169205217f, -1.12948835f,    -0.633401096f,   -0.108219959f,
                         0.0250802319f,   -0.00415606424f, 0.000431344553f, -2.08235233e-05f};
  vec s = x * x, t = min(splat(4), abs(x));
  vec a = polynomial(t, d);
  Reduced e = reduced(a, 127);
  vec large = splat(1) - (growth(e.r) + splat(1)) * power_of_two(e.whole);
  return select(abs(x) < splat(0.93f), fma(x, polynomial(s, c), x), copy_sign(large, x));
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
static inline vec softplus(vec x) {
  return max(zero(), x) + log1p_unit(value(in_steps(reduced(max(splat(-150), -abs(x)), kTwice))));
}

// The normal distribution's density (times sqrt(2 pi)) and its lower tail at -t, 0 <= t: both as e^(-t^2 / 2) times
// something, with the square carried exactly, since its rounding error would be multiplied by t^2.
struct NormalTail {
  Exponential density;  // twice of it
  vec top, bottom;      // tail / density = top / bottom
};
static inline vec square_rest(vec t, vec s) {                   // t^2 - s, where s is t^2 rounded
  vec head = from_bits(bits(t) & isplat((int32_t)0xfffff000));  // twelve bits: its square is exact
  return (t - head) * (t + head) + (head * head - s);
}
static inline NormalTail normal_tail(vec t) {
  // Half of Mills' ratio / sqrt(2 pi) up to t = 14.5, where the tail leaves the floats
  constexpr float c[] = {0.25f, 0.219146818f, 0.0916170105f, 0.0203164183f, 0.00205812138f};
  constexpr float d[] = {1, 1.6744722f, 1.2024988f, 0.46946773f, 0.101857856f, 0.010317771f};
  // 2 (e^r - 1) = q^2 p(q) - q for q = -2 r: the coefficients of exp_tail times powers of two
  constexpr float e[] = {0.24999997f, -0.0416663028f, 0.00520853652f, -0.000523044728f, 4.31834305e-05f};
  t = min(splat(14.5f), t);
  vec s = t * t, whole = fma(s, splat(-0.5f * kLog2E), splat(kRounder + kTwice)), n = whole - splat(kRounder + kTwice);
  vec q = fma(t, t, n * splat(2 * kLn2High));
  if constexpr (!kFuses) q += square_rest(t, s);
  q = fma(n, splat(2 * kLn2Low), q);
  return {in_steps(whole, fma(q * q, polynomial(q, e), -q), 2), polynomial(t, c), polynomial(t, d)};
}

}  // namespace ISA
}  // namespace fastcnn
