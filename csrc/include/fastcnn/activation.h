/* Part of fastcnn.h; include that. Activation functions, softmax, maxout. */
#ifndef FASTCNN_ACTIVATION_H
#define FASTCNN_ACTIVATION_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = f(x), elementwise over size floats; y may be x. alpha: see fastcnn_activation. NaN stays NaN, an infinite x gives
 * the limit. */
FASTCNN_API fastcnn_status fastcnn_activate(fastcnn_activation f, float alpha, int64_t size, const float* x, float* y);

/* dx = dy f'(x), elementwise over size floats, x being the input of the forward call; dx may be dy or x. At a kink the
 * slope is that of the flat (left) side. */
FASTCNN_API fastcnn_status fastcnn_activate_backward(fastcnn_activation f, float alpha, int64_t size, const float* dy,
                                                     const float* x, float* dx);

/* What the activations are made of: within 2 ulp, denormals included. */
typedef enum fastcnn_function {
  FASTCNN_FUNCTION_EXP = 0,
  FASTCNN_FUNCTION_EXPM1,
  FASTCNN_FUNCTION_LOG,
  FASTCNN_FUNCTION_LOG1P,
  FASTCNN_FUNCTION_ERF,
  FASTCNN_FUNCTION_COUNT
} fastcnn_function;

/* y = f(x), elementwise over size floats; y may be x. */
FASTCNN_API fastcnn_status fastcnn_elementary(fastcnn_function f, int64_t size, const float* x, float* y);

/* y = x where x > 0, else alpha x. x, y: (rows, c); alpha: (c,), one slope a channel. y may be x. */
FASTCNN_API fastcnn_status fastcnn_prelu(int64_t rows, int64_t c, const float* x, const float* alpha, float* y);
FASTCNN_API fastcnn_status fastcnn_prelu_backward_workspace(int64_t rows, int64_t c, size_t* bytes);
/* dx: (rows, c), may be dy; dalpha: (c,), the sum over the rows. */
FASTCNN_API fastcnn_status fastcnn_prelu_backward(int64_t rows, int64_t c, const float* dy, const float* x,
                                                  const float* alpha, float* dx, float* dalpha, void* workspace,
                                                  size_t workspace_bytes);

/* Softmax over the middle axis of x, y: (outer, c, inner); its logarithm where logarithm is not 0. y may be x. */
FASTCNN_API fastcnn_status fastcnn_softmax(int logarithm, int64_t outer, int64_t c, int64_t inner, const float* x,
                                           float* y);
/* dx from dy and the y of the forward call; dx may be dy. */
FASTCNN_API fastcnn_status fastcnn_softmax_backward(int logarithm, int64_t outer, int64_t c, int64_t inner,
                                                    const float* dy, const float* y, float* dx);

/* y: (outer, units, inner), the largest of the pieces of x: (outer, units, pieces, inner). NaN counts as the largest.
 */
FASTCNN_API fastcnn_status fastcnn_maxout(int64_t outer, int64_t units, int64_t pieces, int64_t inner, const float* x,
                                          float* y);
/* dx: as x; dy goes to the first of the largest pieces, the others get 0. */
FASTCNN_API fastcnn_status fastcnn_maxout_backward(int64_t outer, int64_t units, int64_t pieces, int64_t inner,
                                                   const float* dy, const float* x, float* dx);

#ifdef __cplusplus
}
#endif
#endif
