/* Part of fastcnn.h; include that. Depthwise convolution: every input channel with filters of its own. */
#ifndef FASTCNN_DEPTHWISE_H
#define FASTCNN_DEPTHWISE_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* x (n, h, w, c), filter (kh, kw, c, multiplier), y (n, oh, ow, c * multiplier): output channel ch * multiplier + j is
 * input channel ch under filter j. top, bottom, left, right: rows and columns of zeros around x. A 1-D convolution has
 * h = 1 and kh = 1. */
typedef struct fastcnn_depthwise2d {
  int64_t n, h, w, c;
  int64_t multiplier, kh, kw;
  int64_t stride_h, stride_w;     /* at least 1 */
  int64_t dilation_h, dilation_w; /* at least 1 */
  int64_t top, bottom, left, right;
} fastcnn_depthwise2d;

/* oh = (h + top + bottom - (kh - 1) * dilation_h - 1) / stride_h + 1, ow likewise. */
FASTCNN_API fastcnn_status fastcnn_depthwise_conv2d_output_shape(const fastcnn_depthwise2d* params, int64_t* oh,
                                                                 int64_t* ow);

/* y = activation(x * filter + bias + residual). epilogue may be NULL; its bias has c * multiplier floats, its gate is
 * NULL. */
FASTCNN_API fastcnn_status fastcnn_depthwise_conv2d(const fastcnn_depthwise2d* params, const float* x,
                                                    const float* filter, const fastcnn_epilogue* epilogue, float* y);

/* The gradients, of the shapes of x, filter and bias, from dy of the shape of y. */
FASTCNN_API fastcnn_status fastcnn_depthwise_conv2d_dx(const fastcnn_depthwise2d* params, const float* dy,
                                                       const float* filter, float* dx);
FASTCNN_API fastcnn_status fastcnn_depthwise_conv2d_dw(const fastcnn_depthwise2d* params, const float* x,
                                                       const float* dy, float* dw, void* workspace,
                                                       size_t workspace_bytes);
FASTCNN_API fastcnn_status fastcnn_depthwise_conv2d_dw_workspace(const fastcnn_depthwise2d* params, size_t* bytes);
FASTCNN_API fastcnn_status fastcnn_depthwise_conv2d_db(const fastcnn_depthwise2d* params, const float* dy, float* db,
                                                       void* workspace, size_t workspace_bytes);
FASTCNN_API fastcnn_status fastcnn_depthwise_conv2d_db_workspace(const fastcnn_depthwise2d* params, size_t* bytes);

#ifdef __cplusplus
}
#endif
#endif
