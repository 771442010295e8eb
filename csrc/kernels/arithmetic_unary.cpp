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

Run run_for(fastcnn_unary_op op) {
  switch (op) {
    case FASTCNN_UNARY_NEGATIVE:
      return floats([](vec v, vec, vec) { return from_bits(bits(v) ^ isplat(kSign)); });
    case FASTCNN_UNARY_ABS:
      return floats([](vec v, vec, vec) { return abs(v); });
    case FASTCNN_UNARY_SQUARE:
      return floats([](vec v, vec, vec) { return v * v; });
    case FASTCNN_UNARY_SQRT:
      return floats([](vec v, vec, vec) { return sqrt(v); });
    case FASTCNN_UNARY_RSQRT:
      return floats([](vec v, vec, vec) { return splat(1) / sqrt(v); });
    case FASTCNN_UNARY_RECIPROCAL:
      return floats([](vec v, vec, vec) { return splat(1) / v; });
    case FASTCNN_UNARY_SIGN:
      return floats([](vec v, vec, vec) { return sign_of(v); });
    case FASTCNN_UNARY_FLOOR:
      return floats([](vec v, vec, vec) { return floor_of(v); });
    case FASTCNN_UNARY_CEIL:
      return floats([](vec v, vec, vec) { return ceil_of(v); });
    default:
      return floats([](vec v, vec, vec) { return round_even(v); });
  }
}

// Both limits come with the run: the higher one as the operand b.
void each(Run run, float* y, const float* x, int64_t size, const float* b, float parameter) {
  Nest nest;
  nest.add(size, 1, 0);
  nest.close();
  broadcast(run, y, x, b, nest, parameter);
}

}  // namespace

void unary(float* y, const float* x, int64_t size, fastcnn_unary_op op) { each(run_for(op), y, x, size, x, 0); }

void clip(float* y, const float* x, int64_t size, float low, float high) {
  each(floats([](vec v, vec hi, vec lo) { return min(hi, max(lo, v)); }), y, x, size, &high, low);
}

}  // namespace ISA
}  // namespace fastcnn
