// The activations on a vector, and the one switch from a name to a function. x may be infinite: then the limit comes
// out (softsign(inf) = 1, silu(-inf) = 0); NaN stays NaN.
#pragma once
#include "fastcnn/core.h"
#include "vmath.h"

namespace fastcnn {
namespace ISA {

constexpr float kSeluScale = 1.05070098f, kSeluAlpha = 1.67326324f;
// 2 sqrt(2 / pi), and that times 0.044715
constexpr float kGeluLinear = 1.59576912f, kGeluCubic = 0.0713548163f;

static inline ivec is_nan(vec x) { return x != x; }

static inline vec step(vec x) { return select(x > zero(), splat(1), select(is_nan(x), x, zero())); }
static inline vec relu(vec x) { return max(zero(), x); }
static inline vec relu6(vec x) { return min(splat(6), max(zero(), x)); }
static inline vec leaky_relu(vec x, float slope) { return select(x > zero(), x, splat(slope) * x); }
static inline vec elu(vec x, float alpha) { return select(x > zero(), x, splat(alpha) * expm1(x)); }
static inline vec selu(vec x) { return splat(kSeluScale) * select(x > zero(), x, splat(kSeluAlpha) * expm1(x)); }
static inline vec hard_sigmoid(vec x) { return relu6(x + splat(3)) / splat(6); }
static inline vec hard_silu(vec x) {
  x = max(splat(-3), x);
  return x * hard_sigmoid(x);
}
static inline vec softsign(vec x) {
  vec t = min(splat(__FLT_MAX__), abs(x));
  return copy_sign(t / (splat(1) + t), x);
}

// x / (1 + e^-v), v of the sign of x: 0 instead of inf * 0 far below
[[gnu::always_inline]] static inline vec gated(vec x, vec v) { return over_one_plus_exp(max(splat(-1e4f), x), v); }
static inline vec silu(vec x) { return gated(x, x); }

// x (1 + tanh(u)) / 2 = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3). 2 u is rounded, so for negative x the
// error is a few ulp and up to 4 more for each unit of it.
static inline vec gelu_tanh_gate(vec x) {
  vec s = min(splat(1e8f), x * x);
  return max(splat(-1e4f), min(splat(1e4f), x)) * fma(splat(kGeluCubic), s, splat(kGeluLinear));
}
static inline vec gelu_tanh(vec x) { return gated(x, gelu_tanh_gate(x)); }

// x Phi(x) = max(x, 0) - |x| Phi(-|x|): no cancellation for negative x, where 1 + erf would lose everything.
static inline vec gelu(vec x) {
  vec t = abs(x);
  NormalTail tail = normal_tail(t);
  Exponential e = tail.density;
  return relu(x) - times_rest(min(splat(14.5f), t) * tail.top * e.scaled / tail.bottom, e);
}

// x tanh(softplus(x)) = x z (z + 2) / (z (z + 2) + 2), z = e^x; from x = 20 on that is x
static inline vec mish(vec x) {
  Exponential e = in_steps(reduced(min(splat(20), max(splat(-150), x)), kTwice));
  vec top = fma(e.scaled, value(e), e.scaled + e.scaled);
  return times_rest(top / (times_rest(top, e) + splat(2)) * max(splat(-1e4f), x), e);
}

// body(function) with the function that `f` names; one instance of body each.
template <class Body>
static inline void with_activation(fastcnn_activation f, float alpha, Body body) {
  switch (f) {
    case FASTCNN_STEP:
      return body([](vec x) { return step(x); });
    case FASTCNN_RELU:
      return body([](vec x) { return relu(x); });
    case FASTCNN_RELU6:
      return body([](vec x) { return relu6(x); });
    case FASTCNN_LEAKY_RELU:
      return body([=](vec x) { return leaky_relu(x, alpha); });
    case FASTCNN_ELU:
      return body([=](vec x) { return elu(x, alpha); });
    case FASTCNN_SELU:
      return body([](vec x) { return selu(x); });
    case FASTCNN_SIGMOID:
      return body([](vec x) { return sigmoid(x); });
    case FASTCNN_HARD_SIGMOID:
      return body([](vec x) { return hard_sigmoid(x); });
    case FASTCNN_TANH:
      return body([](vec x) { return tanh(x); });
    case FASTCNN_SOFTPLUS:
      return body([](vec x) { return softplus(x); });
    case FASTCNN_SOFTSIGN:
      return body([](vec x) { return softsign(x); });
    case FASTCNN_SILU:
      return body([](vec x) { return silu(x); });
    case FASTCNN_HARD_SILU:
      return body([](vec x) { return hard_silu(x); });
    case FASTCNN_GELU:
      return body([](vec x) { return gelu(x); });
    case FASTCNN_GELU_TANH:
      return body([](vec x) { return gelu_tanh(x); });
    case FASTCNN_MISH:
      return body([](vec x) { return mish(x); });
    case FASTCNN_EXP:
      return body([](vec x) { return exp(x); });
    default:
      return body([](vec x) { return x; });
  }
}

}  // namespace ISA
}  // namespace fastcnn
