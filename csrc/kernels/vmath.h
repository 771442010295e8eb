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

static inline vec power_of_two(ivec n) { return from_bits((n + 127) << 23); }  // -127 < n < 128
static inline vec copy_sign(vec magnitude, vec sign) {
  return from_bits((bits(magnitude) & isplat(0x7fffffff)) | (bits(sign) & isplat((int32_t)0x80000000)));
}

// (e^r - 1 - r) / r^2 for |r| <= 0.352
static inline vec exp_tail(vec r) {
  constexpr float c[] = {0.5f, 0.166666672f, 0.0416664779f, 0.00833320897f, 0.00139340269f, 0.00019943442f};
  return polynomial(r, c);
}

// e^x = mantissa * half * rest: two steps to the exponent, so that the last multiplication is the only one that can
// round, be it to a denormal or to infinity. Whoever multiplies the result does so before `rest`.
struct Exponential {
  vec mantissa, half, rest;
};
// n: the exponent already rounded to an integer; r: what is left of x.
static inline Exponential exp_reduced(vec n, vec r) {
  ivec i = to_int(n), first = i >> 1;
  return {fma(r * r, exp_tail(r), r) + splat(1), power_of_two(first), power_of_two(i - first)};
}
// -150 <= x <= 89 is enough: e^x is zero or infinite beyond, even times a number as large as |x|.
static inline Exponential exp_parts(vec x) {
  x = min(splat(89), max(splat(-150), x));
  vec n = round_even(x * splat(kLog2E));
  vec r = fma(n, splat(-kLn2High), x);
  return exp_reduced(n, fma(n, splat(-kLn2Low), r));
}
static inline vec value(Exponential e) { return (e.mantissa * e.half) * e.rest; }

static inline vec exp(vec x) { return value(exp_parts(x)); }

// 2^n (e^r - 1) + (2^n - 1), at half the size because 2^128 does not exist; the large parts are added exactly.
static inline vec expm1(vec x) {
  vec a = min(splat(89), max(splat(-25), x));
  vec n = round_even(a * splat(kLog2E));
  vec high = fma(n, splat(-kLn2High), a);
  vec r = fma(n, splat(-kLn2Low), high);
  vec lost = fma(n, splat(-kLn2Low), high - r);  // what rounding r dropped
  vec scale = from_bits((to_int(n) + 126) << 23);
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

// log(1 + z) for 0 <= z <= 1
static inline vec log1p_unit(vec z) {
  ivec large = z > splat(0.41421354f);
  return log_reduced(select(large, splat(0.5f) * (z - splat(1)), z), select(large, splat(1), zero()));
}

// x + x^3 p(x^2) below 0.625, 1 - 2 / (e^2|x| + 1) from there, 1 from 10 on.
static inline vec tanh(vec x) {
  constexpr float c[] = {-0.333333313f, 0.133332223f, -0.053948462f, 0.0217087492f, -0.00819508638f, 0.00215763575f};
  vec t = abs(x), s = x * x;
  vec small = fma(s * x, polynomial(s, c), x);
  vec a = min(splat(20), t + t);
  vec n = round_even(a * splat(kLog2E));
  vec r = fma(n, splat(-kLn2Low), fma(n, splat(-kLn2High), a));
  vec e = (fma(r * r, exp_tail(r), r) + splat(1)) * power_of_two(to_int(n));
  vec large = splat(1) - splat(2) / (e + splat(1));
  return select(t < splat(0.625f), small, copy_sign(large, x));
}

// top / (1 + z) for 0 <= z <= 1, with what 1 + z drops made up for.
static inline vec over_one_plus(vec top, vec z) {
  vec u = splat(1) + z, dropped = z - (u - splat(1)), q = top / u;
  return fma(-q, dropped * fma(splat(-0.5f), z, splat(1)), q);
}

// 1 / (1 + e^-x), as z / (1 + z) where x < 0, with z = e^-|x| <= 1: right down to the last denormal.
static inline vec sigmoid(vec x) {
  Exponential z = exp_parts(-abs(x));
  ivec negative = x < zero();
  vec top = select(negative, z.mantissa * z.half, splat(1));
  return over_one_plus(top, value(z)) * select(negative, z.rest, splat(1));
}

// x + x p(x^2) below 0.93, 1 - e^p(|x|) from there.
static inline vec erf(vec x) {
  constexpr float c[] = {0.128379166f,  -0.376126289f,    0.112836242f,   -0.026855588f,
                         0.0051919478f, -0.000804383948f, 7.96966342e-05f};
  constexpr float d[] = {0.000169205217f, -1.12948835f,    -0.633401096f,   -0.108219959f,
                         0.0250802319f,   -0.00415606424f, 0.000431344553f, -2.08235233e-05f};
  vec s = x * x, t = min(splat(4), abs(x));
  vec a = polynomial(t, d);
  vec n = round_even(a * splat(kLog2E));
  vec r = fma(n, splat(-kLn2Low), fma(n, splat(-kLn2High), a));
  vec complement = (fma(r * r, exp_tail(r), r) + splat(1)) * power_of_two(to_int(n));
  vec large = splat(1) - complement;
  return select(abs(x) < splat(0.93f), fma(x, polynomial(s, c), x), copy_sign(large, x));
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
static inline vec softplus(vec x) { return max(zero(), x) + log1p_unit(exp(-abs(x))); }

// The normal distribution's density (times sqrt(2 pi)) and its lower tail at -t, 0 <= t: both as e^(-t^2 / 2) times
// something, with the square carried exactly, since its rounding error would be multiplied by t^2.
struct NormalTail {
  Exponential density;
  vec ratio;  // tail / density
};
static inline NormalTail normal_tail(vec t) {
  // Mills' ratio / sqrt(2 pi) / w in v = 1 - w, w = 2.5 / (2.5 + t), up to t = 14.5, where the tail leaves the floats
  constexpr float c[] = {0.5f,           -0.497356147f,  0.0678095222f, 0.117268249f,  0.0183910355f,  -0.0422533564f,
                         0.00828601513f, -0.0482788347f, 0.0354295932f, 0.0100845769f, -0.00981047377f};
  t = min(splat(14.5f), t);
  vec head = from_bits(bits(t) & isplat((int32_t)0xfffff000));  // twelve bits: its square is exact
  vec high = splat(-0.5f) * (head * head), low = splat(-0.5f) * ((t - head) * (t + head));
  vec n = round_even((high + low) * splat(kLog2E));
  vec r = fma(n, splat(-kLn2High), high) + low;
  vec w = splat(2.5f) / (splat(2.5f) + t);
  return {exp_reduced(n, fma(n, splat(-kLn2Low), r)), polynomial(splat(1) - w, c) * w};
}

}  // namespace ISA
}  // namespace fastcnn
