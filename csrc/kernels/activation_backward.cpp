// dx = dy f'(x), elementwise, from the input alone. Where f is flat dx is zero whatever dy; NaN in x gives NaN.
#include "activation_functions.h"
#include "activation_parts.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

// dy where the mask holds, else 0; NaN where x is.
vec where(ivec mask, vec dy, vec x) { return select(mask, dy, select(is_nan(x), x, zero())); }

vec sigmoid_slope(vec x) {  // z / (1 + z)^2, z = e^-|x|
  vec z = exp(-abs(x)), u = splat(1) + z;
  return z / (u * u);
}

vec tanh_slope(vec x) {  // 4 z / (1 + z)^2, z = e^-2|x|: 1 - tanh^2 without its cancellation
  vec t = abs(x), z = exp(-(t + t)), u = splat(1) + z;
  return splat(4) * z / (u * u);
}

vec elu_slope(vec x, float alpha) { return select(x > zero(), splat(1), splat(alpha) * exp(x)); }

vec softsign_slope(vec x) {
  vec u = splat(1) + abs(x);
  return splat(1) / (u * u);
}

vec bounded(vec x) { return max(splat(-1e4f), min(splat(1e4f), x)); }  // 0 instead of inf * 0

// The slope of x sigmoid(v): s + x s (1 - s) v'.
[[gnu::always_inline]] inline vec gated_slope(vec x, vec v, vec dv) {
  Logistic p = logistic(v);
  vec share = splat(1) / p.bottom, s = p.times_a(share), rest = fma(p.b, p.growth, p.b) * share;
  return fma(bounded(x) * dv * rest, s, s);
}

vec gelu_tanh_slope(vec x) {
  vec b = bounded(x);
  vec dv = fma(splat(3 * kGeluCubic), b * b, splat(kGeluLinear));
  return gated_slope(x, gelu_tanh_gate(x), dv);
}

[[gnu::always_inline]] inline vec gelu_slope(vec x) {  // Phi(x) + x phi(x)
  vec t = abs(x);
  NormalTail tail = normal_tail(t);
  vec moment = min(splat(14.5f), t) * splat(0.199471140f);
  vec below = value(tail.density) * (tail.top / tail.bottom - moment);
  return select(x < zero(), below, splat(1) - below);
}

// t + x s (1 - t^2), t = tanh(softplus(x)) = top / bottom as in mish, s = sigmoid(x), bottom - top = 2 or 2 z^2.
[[gnu::always_inline]] inline vec mish_slope(vec x) {
  vec z = exp(-abs(x)), two = splat(2);
  ivec negative = x < zero();
  vec top = select(negative, z * (z + two), fma(two, z, splat(1)));
  vec gap = select(negative, two, two * z * z);
  vec bottom = top + gap, s = select(negative, z, splat(1)) / (splat(1) + z);
  return fma(bounded(x) * s, gap * (top + bottom) / (bottom * bottom), top / bottom);
}

// On one thread.
void differentiate(float* dx, const float* dy, const float* x, int64_t size, bool past, fastcnn_activation f,
                   float alpha) {
  auto run = [&](auto function) { map_run(dx, size, past, function, dy, x); };
  auto slope = [&](auto derivative) { run([=](vec g, vec a) { return g * derivative(a); }); };
  switch (f) {
    case FASTCNN_STEP:
      return run([](vec, vec a) { return where(ivec{}, zero(), a); });
    case FASTCNN_RELU:
      return run([](vec g, vec a) { return where(a > zero(), g, a); });
    case FASTCNN_RELU6:
      return run([](vec g, vec a) { return where((a > zero()) & (a < splat(6)), g, a); });
    case FASTCNN_LEAKY_RELU:
      return run([=](vec g, vec a) { return select(a > zero(), g, select(is_nan(a), a, splat(alpha) * g)); });
    case FASTCNN_ELU:
      return slope([=](vec a) { return elu_slope(a, alpha); });
    case FASTCNN_SELU:
      return slope([](vec a) { return splat(kSeluScale) * elu_slope(a, kSeluAlpha); });
    case FASTCNN_SIGMOID:
      return slope([](vec a) { return sigmoid_slope(a); });
    case FASTCNN_HARD_SIGMOID:
      return run([](vec g, vec a) { return where((a > splat(-3)) & (a < splat(3)), g / splat(6), a); });
    case FASTCNN_TANH:
      return slope([](vec a) { return tanh_slope(a); });
    case FASTCNN_SOFTPLUS:
      return slope([](vec a) { return sigmoid(a); });
    case FASTCNN_SOFTSIGN:
      return slope([](vec a) { return softsign_slope(a); });
    case FASTCNN_SILU:
      return slope([](vec a) { return gated_slope(a, a, splat(1)); });
    case FASTCNN_HARD_SILU:
      return run([](vec g, vec a) {
        vec inner = fma(splat(2), a, splat(3)) / splat(6);
        return where(a > splat(-3), g * select(a < splat(3), inner, splat(1)), a);
      });
    case FASTCNN_GELU:
      return slope([](vec a) { return gelu_slope(a); });
    case FASTCNN_GELU_TANH:
      return slope([](vec a) { return gelu_tanh_slope(a); });
    case FASTCNN_MISH:
      return slope([](vec a) { return mish_slope(a); });
    case FASTCNN_EXP:
      return slope([](vec a) { return exp(a); });
    default:
      return run([](vec g, vec) { return g; });
  }
}

}  // namespace

void activation_backward(float* dx, const float* dy, const float* x, int64_t size, fastcnn_activation f, float alpha) {
  int cost = f <= FASTCNN_LEAKY_RELU ? 2 : 12;  // in loads and stores of a vector
  bool past = dx != dy && dx != x && streams(dx, size);
  parallel_ranges(size, kGrain, size / 16 * cost, [&](int64_t begin, int64_t end) {
    differentiate(dx + begin, dy + begin, x + begin, end - begin, past, f, alpha);
  });
}

}  // namespace ISA
}  // namespace fastcnn
