// Updates by moments of the gradient: Adam (and AdamW), Adamax, Nadam, Lion. The bias corrections come as factors, made
// in double by the caller. Bound by memory: w, g and every slot pass once.
#include "optimizer.h"
#include "optimizer_pass.h"

namespace fastcnn {
namespace ISA {

void adam(float* w, float* m, float* v, float* v_max, const float* g, int64_t size, UpdateStep s, MomentFactors f) {
  update_pass(w, g, size, s, v_max ? 9 : 7, [=](auto at, int64_t i, vec w, vec g) {
    vec m0 = at.get(m + i), v0 = at.get(v + i);
    vec m1 = fma(g - m0, splat(f.rest_1), m0), v1 = fma(fma(g, g, -v0), splat(f.rest_2), v0);
    at.put(m + i, m1);
    at.put(v + i, v1);
    if (v_max) {
      v1 = max_or_nan(at.get(v_max + i), v1);
      at.put(v_max + i, v1);
    }
    return w - splat(f.alpha) * m1 / (sqrt(v1) + splat(f.epsilon));
  });
}

void adamax(float* w, float* m, float* u, const float* g, int64_t size, UpdateStep s, MomentFactors f) {
  update_pass(w, g, size, s, 7, [=](auto at, int64_t i, vec w, vec g) {
    vec m0 = at.get(m + i), m1 = fma(g - m0, splat(f.rest_1), m0);
    vec u1 = max_or_nan(splat(f.beta_2) * at.get(u + i), abs(g));
    at.put(m + i, m1);
    at.put(u + i, u1);
    return w - splat(f.alpha) * m1 / (u1 + splat(f.epsilon));
  });
}

void nadam(float* w, float* m, float* v, const float* g, int64_t size, UpdateStep s, MomentFactors f) {
  update_pass(w, g, size, s, 7, [=](auto at, int64_t i, vec w, vec g) {
    vec m0 = at.get(m + i), v0 = at.get(v + i);
    vec m1 = fma(g - m0, splat(f.rest_1), m0), v1 = fma(fma(g, g, -v0), splat(f.rest_2), v0);
    at.put(m + i, m1);
    at.put(v + i, v1);
    vec direction = fma(splat(f.of_m), m1, splat(f.of_g) * g);
    return w - splat(f.alpha) * direction / (sqrt(v1 * splat(f.of_v)) + splat(f.epsilon));
  });
}

void lion(float* w, float* m, const float* g, int64_t size, UpdateStep s, MomentFactors f) {
  update_pass(w, g, size, s, 5, [=](auto at, int64_t i, vec w, vec g) {
    vec m0 = at.get(m + i), direction = fma(splat(f.beta_1), m0, splat(f.rest_1) * g);
    at.put(m + i, fma(splat(f.beta_2), m0, splat(f.rest_2) * g));
    vec up = w + splat(f.alpha), down = w - splat(f.alpha);
    vec moved = select(direction > zero(), down, select(direction < zero(), up, w));
    return select(direction == direction, moved, direction);
  });
}

}  // namespace ISA
}  // namespace fastcnn
