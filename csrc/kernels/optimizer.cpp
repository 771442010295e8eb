// Updates without bias correction: SGD, Adagrad, RMSprop, Adadelta. Bound by memory: w, g and every slot pass once.
#include "optimizer.h"

#include "optimizer_pass.h"

namespace fastcnn {
namespace ISA {
namespace {

void sgd(float* w, float* velocity, const float* g, int64_t size, UpdateStep s, float momentum, bool nesterov) {
  vec lr = splat(s.learning_rate), keep = splat(momentum);
  if (!velocity) {
    update_pass(w, g, size, s, 3, [=](auto, int64_t, vec w, vec g) { return fma(-lr, g, w); });
    return;
  }
  update_pass(w, g, size, s, 5, [=](auto at, int64_t i, vec w, vec g) {
    vec step = lr * g, v = fma(keep, at.get(velocity + i), -step);
    at.put(velocity + i, v);
    return w + (nesterov ? fma(keep, v, -step) : v);
  });
}

void adagrad(float* w, float* accumulator, const float* g, int64_t size, UpdateStep s, float epsilon) {
  vec lr = splat(s.learning_rate), small = splat(epsilon);
  update_pass(w, g, size, s, 5, [=](auto at, int64_t i, vec w, vec g) {
    vec a = fma(g, g, at.get(accumulator + i));
    at.put(accumulator + i, a);
    return w - lr * g / sqrt(a + small);
  });
}

void rmsprop(float* w, float* velocity, float* average, float* momentum_slot, const float* g, int64_t size,
             UpdateStep s, float rho, float rest, float momentum, float epsilon) {
  vec lr = splat(s.learning_rate), keep = splat(rho), take = splat(rest), small = splat(epsilon);
  int streams = 5 + (average ? 2 : 0) + (momentum_slot ? 2 : 0);
  update_pass(w, g, size, s, streams, [=](auto at, int64_t i, vec w, vec g) {
    vec v = fma(keep, at.get(velocity + i), take * (g * g)), spread = v;
    at.put(velocity + i, v);
    if (average) {
      vec a = fma(keep, at.get(average + i), take * g);
      at.put(average + i, a);
      spread = max(zero(), fma(-a, a, v));  // a variance: only rounding makes it negative, and the root then NaN
    }
    vec d = lr * g / sqrt(spread + small);
    if (momentum_slot) {
      d = fma(splat(momentum), at.get(momentum_slot + i), d);
      at.put(momentum_slot + i, d);
    }
    return w - d;
  });
}

void adadelta(float* w, float* accumulated_g, float* accumulated_d, const float* g, int64_t size, UpdateStep s,
              float rho, float rest, float epsilon) {
  vec lr = splat(s.learning_rate), keep = splat(rho), take = splat(rest), small = splat(epsilon);
  update_pass(w, g, size, s, 7, [=](auto at, int64_t i, vec w, vec g) {
    vec ag = fma(keep, at.get(accumulated_g + i), take * (g * g)), ad = at.get(accumulated_d + i);
    vec d = sqrt(ad + small) * g / sqrt(ag + small);
    at.put(accumulated_g + i, ag);
    at.put(accumulated_d + i, fma(keep, ad, take * (d * d)));
    return fma(-lr, d, w);
  });
}

}  // namespace

extern const OptimizerKernels optimizer_kernels;
const OptimizerKernels optimizer_kernels = {sgd,    adagrad, rmsprop,        adadelta, lion,          adam,
                                            adamax, nadam,   moving_average, scale,    sum_of_squares};

}  // namespace ISA
}  // namespace fastcnn
