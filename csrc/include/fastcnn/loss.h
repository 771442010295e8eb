/* Part of fastcnn.h; include that. Losses and their gradients in one call.
 *
 * Every function writes one loss a row, loss (n,), and, unless dx is NULL, its gradient with respect to x times scale
 * times the row's weight (weights: (n,), or NULL for 1): whoever wants the mean over the batch passes scale = 1 / n.
 * The losses themselves are neither scaled nor weighted. */
#ifndef FASTCNN_LOSS_H
#define FASTCNN_LOSS_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fastcnn_cross_entropy_options {
  int from_probabilities; /* 0: x are logits; else probabilities, scaled to sum 1 and clipped to [1e-7, 1 - 1e-7] */
  float label_smoothing;  /* t becomes t (1 - s) + s / c */
  float scale;            /* of the gradient */
} fastcnn_cross_entropy_options;

/* loss[i] = -sum over j of t log p; x, dx: (n, c); labels: (n,), in [0, c). dx may be x. */
FASTCNN_API fastcnn_status fastcnn_sparse_cross_entropy(const fastcnn_cross_entropy_options* options, int64_t n,
                                                        int64_t c, const float* x, const int64_t* labels,
                                                        const float* weights, float* loss, float* dx);
/* The same with targets: (n, c), one-hot or probabilities. */
FASTCNN_API fastcnn_status fastcnn_cross_entropy(const fastcnn_cross_entropy_options* options, int64_t n, int64_t c,
                                                 const float* x, const float* targets, const float* weights,
                                                 float* loss, float* dx);

typedef enum fastcnn_pointwise_loss {
  FASTCNN_LOSS_BINARY_LOGITS = 0,    /* binary cross-entropy of sigmoid(x); parameter: label smoothing */
  FASTCNN_LOSS_BINARY_PROBABILITIES, /* of x clipped to [1e-7, 1 - 1e-7]; parameter: label smoothing */
  FASTCNN_LOSS_SQUARED,              /* (x - t)^2 */
  FASTCNN_LOSS_ABSOLUTE,             /* |x - t| */
  FASTCNN_LOSS_HUBER,                /* (x - t)^2 / 2, linear from |x - t| = parameter on */
  FASTCNN_LOSS_COUNT
} fastcnn_pointwise_loss;

/* loss[i] = the mean over j of loss(x[i, j], t[i, j]); x, t, dx: (n, c). dx may be x. */
FASTCNN_API fastcnn_status fastcnn_pointwise(fastcnn_pointwise_loss kind, float parameter, float scale, int64_t n,
                                             int64_t c, const float* x, const float* t, const float* weights,
                                             float* loss, float* dx);

#ifdef __cplusplus
}
#endif
#endif
