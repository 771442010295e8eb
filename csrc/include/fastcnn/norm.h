/* Part of fastcnn.h; include that. Batch, group, instance and layer normalisation, forward and backward.
 *
 * Arrays are float32, channels last. gamma and beta may be NULL wherever they occur: 1 and 0. `activation` is
 * FASTCNN_LINEAR, FASTCNN_RELU or FASTCNN_RELU6. Empty arrays are fine: their mean is 0, their variance 0. */
#ifndef FASTCNN_NORM_H
#define FASTCNN_NORM_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x (rows, c), where rows are all the axes before the channels. */
typedef struct fastcnn_batch_norm {
  int64_t rows, c;
  double epsilon;  /* Keras: 1e-3 */
  double momentum; /* of the moving statistics, Keras: 0.99; read by the training pass only */
  int unbiased;    /* the moving variance divides by rows - 1, as PyTorch does; Keras: 0 */
  fastcnn_activation activation;
  /* Floats from one row of x to the next, at least c; 0 means c. More than c: x is a slice of the channels of a larger
   * array, and y is not x. Of inference only. */
  int64_t x_row;
} fastcnn_batch_norm;

/* Scratch for any of the passes; twice as much and no more for fastcnn_batch_norm_backward_pair. */
FASTCNN_API fastcnn_status fastcnn_batch_norm_workspace(const fastcnn_batch_norm* p, size_t* bytes);

/* y = activation(gamma * (x - mean) * inv_std + beta + residual) with mean and inv_std = 1 / sqrt(variance + epsilon)
 * of this batch, written to mean and inv_std (c,) for the backward pass; the variance divides by rows. affine: (3, c),
 * mean, scale and shift with which y = activation((x - mean) * scale + shift + residual) to the last bit, for the
 * backward pass, which then does without y, for fastcnn_batch_norm_apply, and for convolutions that read x through it
 * (fastcnn_prologue); or NULL. With affine, y may be NULL: the statistics alone.
 * residual: the shape of y, or NULL. y may be x or residual. moving_mean, moving_variance: (c,), updated as
 * moving = momentum * moving + (1 - momentum) * batch, or NULL. No rows leave them as they are. */
FASTCNN_API fastcnn_status fastcnn_batch_norm_train(const fastcnn_batch_norm* p, const float* x, const float* gamma,
                                                    const float* beta, const float* residual, float* y, float* mean,
                                                    float* inv_std, float* affine, float* moving_mean,
                                                    float* moving_variance, void* workspace, size_t workspace_bytes);

/* The same with the moving statistics (c,) instead of the batch's. */
FASTCNN_API fastcnn_status fastcnn_batch_norm_inference(const fastcnn_batch_norm* p, const float* x,
                                                        const float* moving_mean, const float* moving_variance,
                                                        const float* gamma, const float* beta, const float* residual,
                                                        float* y, void* workspace, size_t workspace_bytes);

/* y = activation((x - mean) * scale + shift + residual) with affine as fastcnn_batch_norm_train wrote it: the same
 * bits. y may be x or residual. residual_affine: (3, c) or NULL; given, the residual is normalised with it, without an
 * activation, as it is read. */
FASTCNN_API fastcnn_status fastcnn_batch_norm_apply(const fastcnn_batch_norm* p, const float* x, const float* affine,
                                                    const float* residual, const float* residual_affine, float* y,
                                                    void* workspace, size_t workspace_bytes);

/* Gradients. Where there is an activation, one of y and affine, which the other is NULL to: y, the forward result, or
 * affine, as the forward pass wrote it without a residual, which is quicker. training: 1 when mean
 * and inv_std are the batch's, 0 when they were fixed. dgamma, dbeta (c,) and dresidual may be NULL. dx or dresidual
 * may be dy, not both. */
FASTCNN_API fastcnn_status fastcnn_batch_norm_backward(const fastcnn_batch_norm* p, int training, const float* dy,
                                                       const float* x, const float* y, const float* affine,
                                                       const float* mean, const float* inv_std, const float* gamma,
                                                       float* dx, float* dgamma, float* dbeta, float* dresidual,
                                                       void* workspace, size_t workspace_bytes);

/* What the gradient of one of two normalisations reads and writes, as in fastcnn_batch_norm_backward. */
typedef struct fastcnn_batch_norm_side {
  const float *x, *mean, *inv_std, *gamma;
  float *dx, *dgamma, *dbeta;
} fastcnn_batch_norm_side;

/* The gradients of two batch normalisations of the same shape whose results were added: dy, which both have, is read
 * once. The same bits as fastcnn_batch_norm_backward, training, of each. No activation. Neither dx is dy. */
FASTCNN_API fastcnn_status fastcnn_batch_norm_backward_pair(const fastcnn_batch_norm* p, const float* dy,
                                                            const fastcnn_batch_norm_side* first,
                                                            const fastcnn_batch_norm_side* second, void* workspace,
                                                            size_t workspace_bytes);

/* x (n, rows, c): each sample by itself, c / groups neighbouring channels together over all rows. groups = c is
 * instance normalisation. */
typedef struct fastcnn_group_norm {
  int64_t n, rows, c, groups;
  double epsilon; /* Keras: 1e-3 */
  fastcnn_activation activation;
} fastcnn_group_norm;

FASTCNN_API fastcnn_status fastcnn_group_norm_workspace(const fastcnn_group_norm* p, size_t* bytes);

/* As fastcnn_batch_norm_train; mean and inv_std are (n, groups), gamma and beta (c,). */
FASTCNN_API fastcnn_status fastcnn_group_norm_forward(const fastcnn_group_norm* p, const float* x, const float* gamma,
                                                      const float* beta, const float* residual, float* y, float* mean,
                                                      float* inv_std, void* workspace, size_t workspace_bytes);

/* As fastcnn_batch_norm_backward with y, in training. */
FASTCNN_API fastcnn_status fastcnn_group_norm_backward(const fastcnn_group_norm* p, const float* dy, const float* x,
                                                       const float* y, const float* mean, const float* inv_std,
                                                       const float* gamma, float* dx, float* dgamma, float* dbeta,
                                                       float* dresidual, void* workspace, size_t workspace_bytes);

/* x (rows, size): y = gamma * (x - mean) * inv_std + beta along each row. */
typedef struct fastcnn_layer_norm {
  int64_t rows, size;
  double epsilon; /* Keras: 1e-3 */
} fastcnn_layer_norm;

FASTCNN_API fastcnn_status fastcnn_layer_norm_workspace(const fastcnn_layer_norm* p, size_t* bytes);

/* mean and inv_std are (rows,), gamma and beta (size,). y may be x. */
FASTCNN_API fastcnn_status fastcnn_layer_norm_forward(const fastcnn_layer_norm* p, const float* x, const float* gamma,
                                                      const float* beta, float* y, float* mean, float* inv_std,
                                                      void* workspace, size_t workspace_bytes);

/* dgamma and dbeta (size,) may be NULL; dx may be dy. */
FASTCNN_API fastcnn_status fastcnn_layer_norm_backward(const fastcnn_layer_norm* p, const float* dy, const float* x,
                                                       const float* mean, const float* inv_std, const float* gamma,
                                                       float* dx, float* dgamma, float* dbeta, void* workspace,
                                                       size_t workspace_bytes);

#ifdef __cplusplus
}
#endif
#endif
