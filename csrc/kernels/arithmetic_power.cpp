// y = a ** b = 2 ** (b log2 |a|), both steps in double, so the float result is rounded once: at most half a unit in the
// last place and a hair. log2 by the series of atanh, 2 ** f by that of exp. Lanes that need C's rules for zeros,
// negative bases, infinities and NaN are mended one by one.
#include "arithmetic_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kHalf = kLanes / 2;
typedef float half_vec __attribute__((vector_size(kHalf * 4)));
typedef double double_vec __attribute__((vector_size(kHalf * 8)));
typedef int64_t long_vec __attribute__((vector_size(kHalf * 8)));

constexpr double kTwo52 = 4503599627370496.0, kRound = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds
constexpr int64_t kMantissa = 0xfffffffffffff, kOne = 0x3ff0000000000000, kTwo52Bits = 0x4330000000000000;

// x positive and normal.
double_vec log2_of(double_vec x) {
  long_vec all = (long_vec)x, fraction = all & kMantissa;
  long_vec high = fraction > (long_vec{} + 0x6a09e667f3bcd);  // -1 above sqrt(2): the mantissa is halved
  long_vec biased = (all >> 52) - high;
  double_vec exponent = (double_vec)(biased | kTwo52Bits) - (kTwo52 + 1023);
  double_vec m = (double_vec)(fraction | (kOne + (high << 52)));  // in (0.7071, 1.4142]
  double_vec s = (m - 1) / (m + 1), z = s * s, sum = double_vec{} + 1.0 / 23;
  for (int k = 21; k >= 1; k -= 2) sum = sum * z + 1.0 / k;
  return exponent + s * sum * 2.8853900817779268147;  // 2 / ln 2
}

// |t| <= 1000.
double_vec exp2_of(double_vec t) {
  double_vec shifted = t + kRound, n = shifted - kRound, z = (t - n) * 0.69314718055994530942;
  double_vec sum = double_vec{} + 1.0;
  for (int k = 13; k >= 1; k--) sum = sum * z * (1.0 / k) + 1;
  long_vec whole = (long_vec)shifted - (int64_t)0x4338000000000000;
  return (double_vec)((long_vec)sum + (whole << 52));
}

// What C's pow says where a is not a positive finite number or b is not finite. magnitude: |a| ** b.
float mended(float a, float b, float magnitude) {
  const float infinity = __builtin_inff();
  if (b == 0 || a == 1) return 1;
  if (a != a || b != b) return a + b;
  float size = fabsf(a), exponent = fabsf(b);
  if (exponent == infinity) return size == 1 ? 1 : (size > 1) == (b > 0) ? infinity : 0;
  bool whole = exponent >= 8388608.0f || (float)(int32_t)b == b;
  bool odd = whole && exponent < 16777216.0f && ((int32_t)b & 1);
  float r = size == 0 ? (b > 0 ? 0 : infinity) : size == infinity ? (b > 0 ? infinity : 0) : magnitude;
  if (a < 0 && size != infinity && !whole) return __builtin_nanf("");
  return __builtin_signbit(a) && odd ? -r : r;
}

__attribute__((noinline)) vec power_of(vec a, vec b) {
  float p[kLanes], q[kLanes], r[kLanes];
  store(p, abs(a));
  store(q, b);
  for (int i = 0; i < kLanes; i += kHalf) {
    half_vec x, y;
    memcpy(&x, p + i, sizeof x);
    memcpy(&y, q + i, sizeof y);
    double_vec t = log2_of(__builtin_convertvector(x, double_vec)) * __builtin_convertvector(y, double_vec);
    t = t < -1000 ? double_vec{} - 1000 : t;  // both ends lie far outside the floats
    t = t > 1000 ? double_vec{} + 1000 : t;
    x = __builtin_convertvector(exp2_of(t), half_vec);
    memcpy(r + i, &x, sizeof x);
  }
  const vec largest = splat(3.4028234663852886e38f);
  ivec usual = (a > zero()) & (a <= largest) & (abs(b) <= largest);
  int32_t fine[kLanes];
  store(fine, usual);
  store(p, a);
  for (int i = 0; i < kLanes; i++)
    if (!fine[i]) r[i] = mended(p[i], q[i], r[i]);
  return load(r);
}

}  // namespace

void power(float* y, const float* a, const float* b, const Nest& nest) {
  broadcast(floats([](vec p, vec q, vec) { return power_of(p, q); }), y, a, b, nest);
}

}  // namespace ISA
}  // namespace fastcnn
