#include <float.h>
#include <math.h>

#include <initializer_list>

#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

struct Slot {
  const char* name;
  const float* data;  // null: left out
};

void apart(Check& check, Slot a, Slot b, int64_t size, bool may_be_the_same) {
  if (!a.data || !b.data || size == 0) return;
  uintptr_t bytes = (uintptr_t)size * sizeof(float), x = (uintptr_t)a.data, y = (uintptr_t)b.data;
  bool overlap = x < y + bytes && y < x + bytes;
  check.that(!overlap || (may_be_the_same && x == y), "%s must not share memory with %s", b.name, a.name);
}

// A hyper-parameter that kernels take as a float.
void number(Check& check, const char* name, double value, double low = -FLT_MAX) {
  check.that(isfinite((float)value), "%s must be finite in single precision, got %g", name, value);
  check.that(value >= low, "%s must be at least %g, got %g", name, low, value);
}

void fraction(Check& check, const char* name, double value) {
  check.that(value >= 0 && value < 1, "%s must be at least 0 and below 1, got %g", name, value);
}

// momentum may be 1: no friction.
void momentum_range(Check& check, double value) {
  check.that(value >= 0 && value <= 1, "momentum must be between 0 and 1, got %g", value);
}

// The checks that all updates share. Optional slots that are left out do not come here.
Check begin(const char* function, const fastcnn_update* u, int64_t size, const float* g, const float* w,
            std::initializer_list<Slot> slots) {
  Check check(function);
  check.pointer("update", u).count("size", &size, 1);
  if (check.failed()) return check;
  number(check, "learning_rate", u->learning_rate);
  number(check, "weight_decay", u->weight_decay, 0);
  number(check, "l2", u->l2, 0);
  check.that(u->clipvalue >= 0, "clipvalue must be at least 0 (0: no clipping), got %g", u->clipvalue);
  check.pointer("g", g, size).pointer("w", w, size);
  apart(check, {"g", g}, {"w", w}, size, true);
  for (const Slot* a = slots.begin(); a != slots.end(); a++) {
    check.pointer(a->name, a->data, size);
    apart(check, {"w", w}, *a, size, false);
    apart(check, {"g", g}, *a, size, false);
    for (const Slot* b = slots.begin(); b != a; b++) apart(check, *b, *a, size, false);
  }
  return check;
}

UpdateStep step_of(const fastcnn_update& u, double* squares) {
  float clip = u.clipvalue > 0 ? (float)u.clipvalue : INFINITY;
  return {(float)u.learning_rate,
          (float)u.scale,
          (float)(2 * u.l2),
          clip,
          (float)(-u.learning_rate * u.weight_decay),
          squares};
}

void store_ratio(double* ratio, const double squares[2]) {
  if (ratio) *ratio = squares[0] == 0 ? 0 : sqrt(squares[0] / squares[1]);
}

// Runs `kernel(step)` once the checks are passed; an empty array updates nothing.
template <class F>
fastcnn_status finish(const Check& check, const fastcnn_update* u, int64_t size, double* ratio, F kernel) {
  if (check.failed()) return check.status();
  double squares[2] = {0, 0};
  if (size > 0) kernel(step_of(*u, ratio ? squares : nullptr));
  store_ratio(ratio, squares);
  return FASTCNN_OK;
}

// The checks of the moment methods; the factors without bias correction.
Check begin_moments(const char* function, const fastcnn_update* u, const fastcnn_adam_params* p, int64_t size,
                    const float* g, const float* w, std::initializer_list<Slot> slots) {
  Check check = begin(function, u, size, g, w, slots);
  check.pointer("params", p);
  if (check.failed()) return check;
  fraction(check, "beta_1", p->beta_1);
  fraction(check, "beta_2", p->beta_2);
  number(check, "epsilon", p->epsilon, 0);
  check.positive("step", p->step);
  return check;
}

MomentFactors factors(const fastcnn_adam_params& p, double alpha) {
  return {(float)alpha,
          (float)p.beta_1,
          (float)(1 - p.beta_1),
          (float)p.beta_2,
          (float)(1 - p.beta_2),
          (float)p.epsilon,
          0,
          0,
          0};
}

// Nadam's mu(t) and the product mu(1) ... mu(t), which is beta_1^t times a product that has converged after 1,000
// factors.
double nadam_mu(double beta_1, double t) { return beta_1 * (1 - 0.5 * pow(0.96, t)); }
double nadam_product(double beta_1, int64_t t) {
  double product = pow(beta_1, (double)t), decay = 1;
  for (int64_t i = 1; i <= t && i <= 1000; i++) product *= 1 - 0.5 * (decay *= 0.96);
  return product;
}

}  // namespace

fastcnn_status fastcnn_sgd(const fastcnn_update* u, double momentum, int nesterov, int64_t size, const float* g,
                           float* w, float* velocity, double* ratio) {
  Check check = velocity ? begin("sgd", u, size, g, w, {{"velocity", velocity}}) : begin("sgd", u, size, g, w, {});
  momentum_range(check, momentum);
  check.that(velocity || momentum == 0 || size == 0, "velocity must be given where momentum is not 0, got momentum %g",
             momentum);
  return finish(check, u, size, ratio, [=](UpdateStep s) {
    kernels().optimizer->sgd(w, momentum != 0 ? velocity : nullptr, g, size, s, (float)momentum, nesterov != 0);
  });
}

fastcnn_status fastcnn_adagrad(const fastcnn_update* u, double epsilon, int64_t size, const float* g, float* w,
                               float* accumulator, double* ratio) {
  Check check = begin("adagrad", u, size, g, w, {{"accumulator", accumulator}});
  number(check, "epsilon", epsilon, 0);
  return finish(check, u, size, ratio,
                [=](UpdateStep s) { kernels().optimizer->adagrad(w, accumulator, g, size, s, (float)epsilon); });
}

fastcnn_status fastcnn_rmsprop(const fastcnn_update* u, const fastcnn_rmsprop_params* p, int64_t size, const float* g,
                               float* w, float* velocity, float* average, float* momentum_slot, double* ratio) {
  Slot must = {"velocity", velocity}, centre = {"average", average}, push = {"momentum_slot", momentum_slot};
  Check check = average && momentum_slot ? begin("rmsprop", u, size, g, w, {must, centre, push})
                : average                ? begin("rmsprop", u, size, g, w, {must, centre})
                : momentum_slot          ? begin("rmsprop", u, size, g, w, {must, push})
                                         : begin("rmsprop", u, size, g, w, {must});
  check.pointer("params", p);
  if (check.failed()) return check.status();
  fraction(check, "rho", p->rho);
  momentum_range(check, p->momentum);
  number(check, "epsilon", p->epsilon, 0);
  check.that(momentum_slot || p->momentum == 0 || size == 0,
             "momentum_slot must be given where momentum is not 0, got momentum %g", p->momentum);
  return finish(check, u, size, ratio, [=](UpdateStep s) {
    kernels().optimizer->rmsprop(w, velocity, average, p->momentum != 0 ? momentum_slot : nullptr, g, size, s,
                                 (float)p->rho, (float)(1 - p->rho), (float)p->momentum, (float)p->epsilon);
  });
}

fastcnn_status fastcnn_adadelta(const fastcnn_update* u, double rho, double epsilon, int64_t size, const float* g,
                                float* w, float* accumulated_g, float* accumulated_d, double* ratio) {
  Check check = begin("adadelta", u, size, g, w, {{"accumulated_g", accumulated_g}, {"accumulated_d", accumulated_d}});
  fraction(check, "rho", rho);
  number(check, "epsilon", epsilon, 0);
  return finish(check, u, size, ratio, [=](UpdateStep s) {
    kernels().optimizer->adadelta(w, accumulated_g, accumulated_d, g, size, s, (float)rho, (float)(1 - rho),
                                  (float)epsilon);
  });
}

fastcnn_status fastcnn_adam(const fastcnn_update* u, const fastcnn_adam_params* p, int64_t size, const float* g,
                            float* w, float* m, float* v, float* v_max, double* ratio) {
  Check check = v_max ? begin_moments("adam", u, p, size, g, w, {{"m", m}, {"v", v}, {"v_max", v_max}})
                      : begin_moments("adam", u, p, size, g, w, {{"m", m}, {"v", v}});
  return finish(check, u, size, ratio, [=](UpdateStep s) {
    double t = (double)p->step;
    double alpha = u->learning_rate * sqrt(1 - pow(p->beta_2, t)) / (1 - pow(p->beta_1, t));
    kernels().optimizer->adam(w, m, v, v_max, g, size, s, factors(*p, alpha));
  });
}

fastcnn_status fastcnn_adamax(const fastcnn_update* u, const fastcnn_adam_params* p, int64_t size, const float* g,
                              float* w, float* m, float* slot, double* ratio) {
  Check check = begin_moments("adamax", u, p, size, g, w, {{"m", m}, {"u", slot}});
  return finish(check, u, size, ratio, [=](UpdateStep s) {
    double alpha = u->learning_rate / (1 - pow(p->beta_1, (double)p->step));
    kernels().optimizer->adamax(w, m, slot, g, size, s, factors(*p, alpha));
  });
}

fastcnn_status fastcnn_nadam(const fastcnn_update* u, const fastcnn_adam_params* p, int64_t size, const float* g,
                             float* w, float* m, float* v, double* ratio) {
  Check check = begin_moments("nadam", u, p, size, g, w, {{"m", m}, {"v", v}});
  return finish(check, u, size, ratio, [=](UpdateStep s) {
    double t = (double)p->step, next = nadam_mu(p->beta_1, t + 1), product = nadam_product(p->beta_1, p->step);
    MomentFactors f = factors(*p, u->learning_rate);
    f.of_m = (float)(next / (1 - product * next));
    f.of_g = (float)((1 - nadam_mu(p->beta_1, t)) / (1 - product));
    f.of_v = (float)(1 / (1 - pow(p->beta_2, t)));
    kernels().optimizer->nadam(w, m, v, g, size, s, f);
  });
}

fastcnn_status fastcnn_lion(const fastcnn_update* u, double beta_1, double beta_2, int64_t size, const float* g,
                            float* w, float* m, double* ratio) {
  fastcnn_adam_params p = {beta_1, beta_2, 0, 1};
  Check check = begin_moments("lion", u, &p, size, g, w, {{"m", m}});
  return finish(check, u, size, ratio,
                [=](UpdateStep s) { kernels().optimizer->lion(w, m, g, size, s, factors(p, u->learning_rate)); });
}

fastcnn_status fastcnn_moving_average(double momentum, int64_t size, const float* w, float* average) {
  Check check("moving_average");
  momentum_range(check, momentum);
  check.count("size", &size, 1);
  check.pointer("w", w, size).pointer("average", average, size);
  apart(check, {"w", w}, {"average", average}, size, false);
  if (!check.failed() && size > 0) kernels().optimizer->moving_average(average, w, size, (float)(1 - momentum));
  return check.status();
}

fastcnn_status fastcnn_clip_by_value(float low, float high, int64_t size, const float* x, float* y) {
  Check check("clip_by_value");
  check.that(low <= high, "low must be at most high, got low %g and high %g", (double)low, (double)high);
  check.count("size", &size, 1);
  check.pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().arithmetic->clip(y, x, size, low, high);
  return check.status();
}

fastcnn_status fastcnn_l2_norm(int64_t size, const float* x, double* norm) {
  Check check("l2_norm");
  check.pointer("norm", norm).count("size", &size, 1);
  check.pointer("x", x, size);
  if (!check.failed()) *norm = size > 0 ? sqrt(kernels().optimizer->sum_of_squares(x, size)) : 0;
  return check.status();
}

fastcnn_status fastcnn_global_norm(int64_t count, const int64_t* sizes, const float* const* arrays, double* norm) {
  Check check("global_norm");
  check.pointer("norm", norm)
      .not_negative("count", count)
      .pointer("sizes", sizes, count)
      .pointer("arrays", arrays, count);
  double sum = 0;
  for (int64_t i = 0; i < count && !check.failed(); i++) {
    check.count("sizes", &sizes[i], 1);
    check.pointer("arrays[i]", arrays[i], sizes[i]);
    if (!check.failed() && sizes[i] > 0) sum += kernels().optimizer->sum_of_squares(arrays[i], sizes[i]);
  }
  if (!check.failed()) *norm = sqrt(sum);
  return check.status();
}

fastcnn_status fastcnn_clip_factor(double norm, double clipnorm, double* factor) {
  Check check("clip_factor");
  check.pointer("factor", factor);
  check.that(clipnorm > 0 && isfinite(clipnorm), "clipnorm must be positive and finite, got %g", clipnorm);
  check.that(!(norm < 0), "norm must be at least 0, got %g", norm);
  if (!check.failed()) *factor = !isfinite(norm) ? NAN : norm > clipnorm ? clipnorm / norm : 1;
  return check.status();
}

fastcnn_status fastcnn_clip_by_norm(double clipnorm, int64_t size, const float* x, float* y, double* norm) {
  double length = 0, factor = 1;
  Check check("clip_by_norm");
  check.count("size", &size, 1);
  check.pointer("x", x, size).pointer("y", y, size);
  if (check.failed()) return check.status();
  if (size > 0) length = sqrt(kernels().optimizer->sum_of_squares(x, size));
  fastcnn_status status = fastcnn_clip_factor(length, clipnorm, &factor);
  if (status != FASTCNN_OK) return status;
  if (size > 0) kernels().optimizer->scale(y, x, size, (float)factor);
  if (norm) *norm = length;
  return FASTCNN_OK;
}
