/* Part of fastcnn.h; include that. Optimizer updates by the rules of Keras 3, and clipping of gradients. */
#ifndef FASTCNN_OPTIMIZER_H
#define FASTCNN_OPTIMIZER_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What every update begins with:
 *   g = clip(scale * g + 2 * l2 * w, -clipvalue, clipvalue)        clipvalue 0: no clipping
 *   w = w - learning_rate * weight_decay * w
 * scale: 1, or the factor by which clipping by norm shrinks the gradients (fastcnn_clip_factor); a NaN spreads. */
typedef struct fastcnn_update {
  double learning_rate;
  double weight_decay;
  double l2;
  double clipvalue;
  double scale;
} fastcnn_update;

/* All updates: w and the slots are size floats and are written in place; g is size floats and is read. Slots begin as
 * zeros, adagrad's as 0.1 in Keras. Each buffer is read once and written once. w and the slots must not overlap; g may
 * be w. ratio, unless NULL, receives |new w - w| / |w|. step counts updates from 1. */

/* velocity = momentum * velocity - lr * g;  w += velocity, or with nesterov: w += momentum * velocity - lr * g.
 * Where momentum is 0, velocity is not touched and may be NULL. */
FASTCNN_API fastcnn_status fastcnn_sgd(const fastcnn_update* update, double momentum, int nesterov, int64_t size,
                                       const float* g, float* w, float* velocity, double* ratio);

/* accumulator += g^2;  w -= lr * g / sqrt(accumulator + epsilon) */
FASTCNN_API fastcnn_status fastcnn_adagrad(const fastcnn_update* update, double epsilon, int64_t size, const float* g,
                                           float* w, float* accumulator, double* ratio);

/* velocity = rho * velocity + (1 - rho) g^2;  average = rho * average + (1 - rho) g  unless average is NULL (not
 * centered); d = lr * g / sqrt(velocity - average^2 + epsilon); w -= d, or where momentum is not 0: momentum_slot =
 * momentum * momentum_slot + d, w -= momentum_slot. */
typedef struct fastcnn_rmsprop_params {
  double rho, momentum, epsilon;
} fastcnn_rmsprop_params;
FASTCNN_API fastcnn_status fastcnn_rmsprop(const fastcnn_update* update, const fastcnn_rmsprop_params* params,
                                           int64_t size, const float* g, float* w, float* velocity, float* average,
                                           float* momentum_slot, double* ratio);

/* accumulated_g = rho * accumulated_g + (1 - rho) g^2;
 * d = sqrt(accumulated_d + epsilon) / sqrt(accumulated_g + epsilon) * g;
 * accumulated_d = rho * accumulated_d + (1 - rho) d^2;  w -= lr * d */
FASTCNN_API fastcnn_status fastcnn_adadelta(const fastcnn_update* update, double rho, double epsilon, int64_t size,
                                            const float* g, float* w, float* accumulated_g, float* accumulated_d,
                                            double* ratio);

typedef struct fastcnn_adam_params {
  double beta_1, beta_2, epsilon;
  int64_t step;
} fastcnn_adam_params;

/* m += (1 - beta_1) (g - m);  v += (1 - beta_2) (g^2 - v);  v_max = max(v_max, v) takes v's place unless it is NULL;
 * w -= lr * sqrt(1 - beta_2^step) / (1 - beta_1^step) * m / (sqrt(v) + epsilon).  AdamW is this with a weight_decay. */
FASTCNN_API fastcnn_status fastcnn_adam(const fastcnn_update* update, const fastcnn_adam_params* params, int64_t size,
                                        const float* g, float* w, float* m, float* v, float* v_max, double* ratio);

/* m as in adam;  u = max(beta_2 * u, |g|);  w -= lr / (1 - beta_1^step) * m / (u + epsilon) */
FASTCNN_API fastcnn_status fastcnn_adamax(const fastcnn_update* update, const fastcnn_adam_params* params, int64_t size,
                                          const float* g, float* w, float* m, float* u, double* ratio);

/* m and v as in adam;  mu(t) = beta_1 (1 - 0.96^t / 2), M(t) = mu(1) ... mu(t);
 * m_hat = mu(step + 1) m / (1 - M(step + 1)) + (1 - mu(step)) g / (1 - M(step));
 * w -= lr * m_hat / (sqrt(v / (1 - beta_2^step)) + epsilon) */
FASTCNN_API fastcnn_status fastcnn_nadam(const fastcnn_update* update, const fastcnn_adam_params* params, int64_t size,
                                         const float* g, float* w, float* m, float* v, double* ratio);

/* w -= lr * sign(beta_1 m + (1 - beta_1) g);  m = beta_2 m + (1 - beta_2) g */
FASTCNN_API fastcnn_status fastcnn_lion(const fastcnn_update* update, double beta_1, double beta_2, int64_t size,
                                        const float* g, float* w, float* m, double* ratio);

/* average = momentum * average + (1 - momentum) * w: the moving average of the weights. */
FASTCNN_API fastcnn_status fastcnn_moving_average(double momentum, int64_t size, const float* w, float* average);

/* y = min(max(x, low), high); NaN stays; y may be x. */
FASTCNN_API fastcnn_status fastcnn_clip_by_value(float low, float high, int64_t size, const float* x, float* y);

/* The square root of the sum of squares, summed in double; of one array, of `count` arrays together. */
FASTCNN_API fastcnn_status fastcnn_l2_norm(int64_t size, const float* x, double* norm);
FASTCNN_API fastcnn_status fastcnn_global_norm(int64_t count, const int64_t* sizes, const float* const* arrays,
                                               double* norm);

/* clipnorm / max(norm, clipnorm): what shrinks a gradient of this norm to clipnorm; NaN where the norm is not finite.
 */
FASTCNN_API fastcnn_status fastcnn_clip_factor(double norm, double clipnorm, double* factor);

/* y = x * clip_factor(|x|, clipnorm); y may be x. norm, unless NULL, receives |x|. */
FASTCNN_API fastcnn_status fastcnn_clip_by_norm(double clipnorm, int64_t size, const float* x, float* y, double* norm);

#ifdef __cplusplus
}
#endif
#endif
