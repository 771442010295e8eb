#include <math.h>

#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

constexpr size_t kAlign = 64;  // a caller's workspace may start anywhere

NormShape shape_of(const fastcnn_batch_norm& p) { return {1, p.rows, p.c, p.c, p.x_row == p.c ? 0 : p.x_row}; }
NormShape shape_of(const fastcnn_group_norm& p) { return {p.n, p.rows, p.c, p.groups}; }

// The elements of x, after everything about the parameters is found right.
int64_t check_parameters(Check& check, const fastcnn_batch_norm& p) {
  int64_t count = check.count("x", {p.rows, p.c});
  check.that(p.momentum >= 0 && p.momentum <= 1, "momentum must be between 0 and 1, got %g", p.momentum);
  return count;
}
int64_t check_parameters(Check& check, const fastcnn_group_norm& p) {
  int64_t count = check.count("x", {p.n, p.rows, p.c});
  check.positive("groups", p.groups).count("mean", {p.n, p.groups});
  check.that(check.failed() || p.c % p.groups == 0, "groups must divide the %lld channels, got %lld", (long long)p.c,
             (long long)p.groups);
  return count;
}
void check_epsilon(Check& check, double epsilon) {
  check.that(isfinite(epsilon) && epsilon >= 0, "epsilon must be finite and not negative, got %g", epsilon);
}
void check_activation(Check& check, fastcnn_activation f) {
  check.that(clamps(f), "activation must be linear, relu or relu6");
}

template <class P>
fastcnn_status workspace_bytes(const char* name, const P* p, size_t* bytes) {
  Check check(name);
  check.pointer("parameters", p).pointer("bytes", bytes);
  if (check.failed()) return check.status();
  int64_t count = check_parameters(check, *p);
  if (!check.failed()) *bytes = count ? kernels().norm->workspace(shape_of(*p)) + kAlign : 0;
  return check.status();
}

// Nothing to average: mean 0, variance 0.
void fill_empty(float* mean, float* inv_std, int64_t size, double epsilon) {
  for (int64_t i = 0; i < size; i++) mean[i] = 0, inv_std[i] = (float)(1 / sqrt(epsilon));
}
void fill_zero(float* d, int64_t size) {
  for (int64_t i = 0; i < size && d; i++) d[i] = 0;
}

struct Forward {
  const float *x, *gamma, *beta, *residual;
  float *y, *mean, *inv_std, *affine;
};

void fill_affine(const Forward& a, int64_t c) {
  for (int64_t i = 0; i < c && a.affine; i++) {
    a.affine[i] = 0;
    a.affine[c + i] = (a.gamma ? a.gamma[i] : 1) * a.inv_std[i];
    a.affine[2 * c + i] = a.beta ? a.beta[i] : 0;
  }
}

template <class P>
fastcnn_status train(const char* name, const P* p, const Forward& a, float* moving_mean, float* moving_variance,
                     double momentum, bool unbiased, void* workspace, size_t workspace_bytes) {
  Check check(name);
  NormShape s = shape_of(*p);
  int64_t count = check_parameters(check, *p), groups = checked_product(s.n, s.groups);
  check_epsilon(check, p->epsilon);
  check_activation(check, p->activation);
  check.pointer("x", a.x, count);
  if (!a.affine) check.pointer("y", a.y, count);
  check.pointer("mean", a.mean, groups).pointer("inv_std", a.inv_std, groups);
  if (check.failed()) return check.status();
  if (count == 0) {
    fill_empty(a.mean, a.inv_std, groups, p->epsilon);
    fill_affine(a, s.c);
    return FASTCNN_OK;
  }
  Workspace memory(name, workspace, workspace_bytes, kernels().norm->workspace(s) + kAlign);
  if (memory.status() != FASTCNN_OK) return memory.status();
  kernels().norm->forward(a.y, a.mean, a.inv_std, a.affine, {moving_mean, moving_variance, momentum, unbiased}, a.x,
                          a.gamma, a.beta, a.residual, s, p->epsilon, p->activation, memory.data());
  return FASTCNN_OK;
}

template <class P>
fastcnn_status backward(const char* name, const P* p, bool fixed, const float* dy, const NormSide& a, void* workspace,
                        size_t workspace_bytes) {
  Check check(name);
  NormShape s = shape_of(*p);
  int64_t count = check_parameters(check, *p), groups = checked_product(s.n, s.groups);
  check_activation(check, p->activation);
  check.pointer("dy", dy, count).pointer("x", a.x, count).pointer("dx", a.dx, count);
  check.pointer("mean", a.mean, groups).pointer("inv_std", a.inv_std, groups);
  check.that(p->activation == FASTCNN_LINEAR || a.y || a.shift || count == 0,
             "y must not be NULL: the activation's gradient needs it");
  check.that(!a.shift || (!a.y && !a.dresidual), "affine must be NULL where y or dresidual is given");
  check.that(!a.dresidual || a.dresidual != a.dx || count == 0, "dresidual must not be dx");
  if (check.failed()) return check.status();
  if (count == 0) {
    fill_zero(a.dgamma, s.c);
    fill_zero(a.dbeta, s.c);
    return FASTCNN_OK;
  }
  Workspace memory(name, workspace, workspace_bytes, kernels().norm->workspace(s) + kAlign);
  if (memory.status() != FASTCNN_OK) return memory.status();
  kernels().norm->backward(&a, 1, dy, s, fixed, p->activation, memory.data());
  return FASTCNN_OK;
}

// Only inference reads x from a slice of a larger array.
fastcnn_status check_whole(const char* name, const fastcnn_batch_norm& p) {
  return Check(name)
      .that(p.x_row == 0 || p.x_row == p.c, "x_row must be 0 or c = %lld here, got %lld", (long long)p.c,
            (long long)p.x_row)
      .status();
}

fastcnn_status no_parameters(const char* name) { return Check(name).pointer("parameters", nullptr).status(); }

}  // namespace

fastcnn_status fastcnn_batch_norm_workspace(const fastcnn_batch_norm* p, size_t* bytes) {
  return workspace_bytes("batch_norm_workspace", p, bytes);
}

fastcnn_status fastcnn_batch_norm_train(const fastcnn_batch_norm* p, const float* x, const float* gamma,
                                        const float* beta, const float* residual, float* y, float* mean, float* inv_std,
                                        float* affine, float* moving_mean, float* moving_variance, void* workspace,
                                        size_t workspace_bytes) {
  const char* name = "batch_norm_train";
  if (!p) return no_parameters(name);
  if (fastcnn_status s = check_whole(name, *p)) return s;
  return train(name, p, {x, gamma, beta, residual, y, mean, inv_std, affine}, moving_mean, moving_variance, p->momentum,
               p->unbiased != 0, workspace, workspace_bytes);
}

fastcnn_status fastcnn_batch_norm_inference(const fastcnn_batch_norm* p, const float* x, const float* moving_mean,
                                            const float* moving_variance, const float* gamma, const float* beta,
                                            const float* residual, float* y, void* workspace, size_t workspace_bytes) {
  const char* name = "batch_norm_inference";
  if (!p) return no_parameters(name);
  Check check(name);
  int64_t count = check.count("x", {p->rows, p->c});
  bool slice = p->x_row != 0 && p->x_row != p->c;
  check.that(!slice || p->x_row > p->c, "x_row must be 0 or at least c = %lld, got %lld", (long long)p->c,
             (long long)p->x_row);
  if (!check.failed()) check.count("x", {p->rows, p->x_row});
  check.that(!slice || x != y || count == 0, "y must not be x where x is a slice of a larger array");
  check_epsilon(check, p->epsilon);
  check_activation(check, p->activation);
  check.pointer("x", x, count).pointer("y", y, count);
  check.pointer("moving_mean", moving_mean, p->c).pointer("moving_variance", moving_variance, p->c);
  if (check.failed() || count == 0) return check.status();
  NormShape s = shape_of(*p);
  Workspace memory(name, workspace, workspace_bytes, kernels().norm->workspace(s) + kAlign);
  if (memory.status() != FASTCNN_OK) return memory.status();
  kernels().norm->inference(y, x, moving_mean, moving_variance, gamma, beta, residual, s, p->epsilon, p->activation,
                            memory.data());
  return FASTCNN_OK;
}

fastcnn_status fastcnn_batch_norm_apply(const fastcnn_batch_norm* p, const float* x, const float* affine,
                                        const float* residual, const float* residual_affine, float* y, void* workspace,
                                        size_t workspace_bytes) {
  const char* name = "batch_norm_apply";
  if (!p) return no_parameters(name);
  if (fastcnn_status s = check_whole(name, *p)) return s;
  Check check(name);
  int64_t count = check.count("x", {p->rows, p->c});
  check_activation(check, p->activation);
  check.pointer("x", x, count).pointer("y", y, count).pointer("affine", affine, p->c);
  check.that(residual || !residual_affine || count == 0, "residual must not be NULL where residual_affine is given");
  if (check.failed() || count == 0) return check.status();
  NormShape s = shape_of(*p);
  Workspace memory(name, workspace, workspace_bytes, kernels().norm->workspace(s) + kAlign);
  if (memory.status() != FASTCNN_OK) return memory.status();
  kernels().norm->apply(y, x, affine, residual, residual_affine, s, p->activation, memory.data());
  return FASTCNN_OK;
}

fastcnn_status fastcnn_batch_norm_backward(const fastcnn_batch_norm* p, int training, const float* dy, const float* x,
                                           const float* y, const float* affine, const float* mean, const float* inv_std,
                                           const float* gamma, float* dx, float* dgamma, float* dbeta, float* dresidual,
                                           void* workspace, size_t workspace_bytes) {
  const char* name = "batch_norm_backward";
  if (!p) return no_parameters(name);
  if (fastcnn_status s = check_whole(name, *p)) return s;
  const float* shift = affine ? affine + 2 * p->c : nullptr;
  return backward(name, p, training == 0, dy, {x, y, shift, mean, inv_std, gamma, dx, dgamma, dbeta, dresidual},
                  workspace, workspace_bytes);
}

fastcnn_status fastcnn_batch_norm_backward_pair(const fastcnn_batch_norm* p, const float* dy,
                                                const fastcnn_batch_norm_side* first,
                                                const fastcnn_batch_norm_side* second, void* workspace,
                                                size_t workspace_bytes) {
  const char* name = "batch_norm_backward_pair";
  if (!p) return no_parameters(name);
  if (fastcnn_status s = check_whole(name, *p)) return s;
  Check check(name);
  int64_t count = check_parameters(check, *p);
  check.that(p->activation == FASTCNN_LINEAR, "activation must be linear").pointer("dy", dy, count);
  check.pointer("first", first).pointer("second", second);
  if (check.failed()) return check.status();
  const fastcnn_batch_norm_side* given[] = {first, second};
  NormSide sides[2];
  for (int i = 0; i < 2; i++) {
    const fastcnn_batch_norm_side& a = *given[i];
    check.pointer("x", a.x, count).pointer("dx", a.dx, count).pointer("mean", a.mean, p->c);
    check.pointer("inv_std", a.inv_std, p->c);
    check.that(count == 0 || a.dx != dy, "dx must not be dy");
    sides[i] = {a.x, nullptr, nullptr, a.mean, a.inv_std, a.gamma, a.dx, a.dgamma, a.dbeta, nullptr};
  }
  if (check.failed()) return check.status();
  if (count == 0) {
    for (const NormSide& side : sides) fill_zero(side.dgamma, p->c), fill_zero(side.dbeta, p->c);
    return FASTCNN_OK;
  }
  NormShape s = shape_of(*p);
  Workspace memory(name, workspace, workspace_bytes, 2 * kernels().norm->workspace(s) + kAlign);
  if (memory.status() != FASTCNN_OK) return memory.status();
  kernels().norm->backward(sides, 2, dy, s, false, FASTCNN_LINEAR, memory.data());
  return FASTCNN_OK;
}

fastcnn_status fastcnn_group_norm_workspace(const fastcnn_group_norm* p, size_t* bytes) {
  return workspace_bytes("group_norm_workspace", p, bytes);
}

fastcnn_status fastcnn_group_norm_forward(const fastcnn_group_norm* p, const float* x, const float* gamma,
                                          const float* beta, const float* residual, float* y, float* mean,
                                          float* inv_std, void* workspace, size_t workspace_bytes) {
  const char* name = "group_norm_forward";
  if (!p) return no_parameters(name);
  return train(name, p, {x, gamma, beta, residual, y, mean, inv_std, nullptr}, nullptr, nullptr, 0, false, workspace,
               workspace_bytes);
}

fastcnn_status fastcnn_group_norm_backward(const fastcnn_group_norm* p, const float* dy, const float* x, const float* y,
                                           const float* mean, const float* inv_std, const float* gamma, float* dx,
                                           float* dgamma, float* dbeta, float* dresidual, void* workspace,
                                           size_t workspace_bytes) {
  const char* name = "group_norm_backward";
  if (!p) return no_parameters(name);
  return backward(name, p, false, dy, {x, y, nullptr, mean, inv_std, gamma, dx, dgamma, dbeta, dresidual}, workspace,
                  workspace_bytes);
}

fastcnn_status fastcnn_layer_norm_workspace(const fastcnn_layer_norm* p, size_t* bytes) {
  Check check("layer_norm_workspace");
  check.pointer("parameters", p).pointer("bytes", bytes);
  if (check.failed()) return check.status();
  int64_t count = check.count("x", {p->rows, p->size});
  if (!check.failed()) *bytes = count ? kernels().norm->layer_workspace(p->rows, p->size) + kAlign : 0;
  return check.status();
}

fastcnn_status fastcnn_layer_norm_forward(const fastcnn_layer_norm* p, const float* x, const float* gamma,
                                          const float* beta, float* y, float* mean, float* inv_std, void* workspace,
                                          size_t workspace_bytes) {
  const char* name = "layer_norm_forward";
  if (!p) return no_parameters(name);
  Check check(name);
  int64_t count = check.count("x", {p->rows, p->size});
  check_epsilon(check, p->epsilon);
  check.pointer("x", x, count)
      .pointer("y", y, count)
      .pointer("mean", mean, p->rows)
      .pointer("inv_std", inv_std, p->rows);
  if (check.failed()) return check.status();
  if (count == 0) {
    fill_empty(mean, inv_std, p->rows, p->epsilon);
    return FASTCNN_OK;
  }
  Workspace memory(name, workspace, workspace_bytes, kernels().norm->layer_workspace(p->rows, p->size) + kAlign);
  if (memory.status() != FASTCNN_OK) return memory.status();
  kernels().norm->layer_forward(y, mean, inv_std, x, gamma, beta, p->rows, p->size, p->epsilon, memory.data());
  return FASTCNN_OK;
}

fastcnn_status fastcnn_layer_norm_backward(const fastcnn_layer_norm* p, const float* dy, const float* x,
                                           const float* mean, const float* inv_std, const float* gamma, float* dx,
                                           float* dgamma, float* dbeta, void* workspace, size_t workspace_bytes) {
  const char* name = "layer_norm_backward";
  if (!p) return no_parameters(name);
  Check check(name);
  int64_t count = check.count("x", {p->rows, p->size});
  check.pointer("dy", dy, count).pointer("x", x, count).pointer("dx", dx, count);
  check.pointer("mean", mean, p->rows).pointer("inv_std", inv_std, p->rows);
  if (check.failed()) return check.status();
  if (count == 0) {
    fill_zero(dgamma, p->size);
    fill_zero(dbeta, p->size);
    return FASTCNN_OK;
  }
  Workspace memory(name, workspace, workspace_bytes, kernels().norm->layer_workspace(p->rows, p->size) + kAlign);
  if (memory.status() != FASTCNN_OK) return memory.status();
  kernels().norm->layer_backward(dx, dgamma, dbeta, dy, x, mean, inv_std, gamma, p->rows, p->size, memory.data());
  return FASTCNN_OK;
}
