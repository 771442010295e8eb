// y = f(x), elementwise: one pass, bound by memory.
#include "arithmetic_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

const int32_t kSign = INT32_MIN;

// Results keep the sign of x, so that ceil(-0.5) is -0 as in C.
vec with_sign_of(vec r, vec x) { return from_bits(bits(r) | (bits(x) & isplat(kSign))); }

vec floor_of(vec x) {
  vec r = round_even(x);
  return with_sign_of(select(r > x, r - splat(1), r), x);
}

vec ceil_of(vec x) {
  vec r = round_even(x);
  return with_sign_of(select(r < x, r + splat(1), r), x);
}

vec sign_of(vec x) {
  vec one = splat(1);
  return select(x > zero(), one, select(x < zero(), -one, select(x == zero(), zero(), x)));
}

}  // namespace

void unary(float* y, const float* x, int64_t size, fastcnn_unary_op op) {
  switch (op) {
    case FASTCNN_UNARY_NEGATIVE:
      return map_unary(y, x, size, [](vec v) { return from_bits(bits(v) ^ isplat(kSign)); });
    case FASTCNN_UNARY_ABS:
      return map_unary(y, x, size, [](vec v) { return abs(v); });
    case FASTCNN_UNARY_SQUARE:
      return map_unary(y, x, size, [](vec v) { return v * v; });
    case FASTCNN_UNARY_SQRT:
      return map_unary(y, x, size, [](vec v) { return sqrt(v); });
    case FASTCNN_UNARY_RSQRT:
      return map_unary(y, x, size, [](vec v) { return splat(1) / sqrt(v); });
    case FASTCNN_UNARY_RECIPROCAL:
      return map_unary(y, x, size, [](vec v) { return splat(1) / v; });
    case FASTCNN_UNARY_SIGN:
      return map_unary(y, x, size, sign_of);
    case FASTCNN_UNARY_FLOOR:
      return map_unary(y, x, size, floor_of);
    case FASTCNN_UNARY_CEIL:
      return map_unary(y, x, size, ceil_of);
    case FASTCNN_UNARY_ROUND:
      return map_unary(y, x, size, [](vec v) { return round_even(v); });
    default:
      return;
  }
}

void clip(float* y, const float* x, int64_t size, float low, float high) {
  vec lo = splat(low), hi = splat(high);
  map_unary(y, x, size, [=](vec v) { return min(hi, max(lo, v)); });
}

}  // namespace ISA
}  // namespace fastcnn
