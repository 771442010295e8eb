/* Part of fastcnn.h; include that. Convolution in two dimensions; one dimension is h = kh = 1. */
#ifndef FASTCNN_CONV_H
#define FASTCNN_CONV_H

#include "core.h"
#include "shape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* AUTO chooses by the layer's shape alone, never by batch, threads or CPU. */
typedef enum fastcnn_algorithm {
  FASTCNN_ALGORITHM_AUTO = 0,
  FASTCNN_ALGORITHM_DIRECT,
  FASTCNN_ALGORITHM_WINOGRAD /* F(4x4, 3x3); 3x3 filters, no stride, dilation or groups */
} fastcnn_algorithm;

/* STRICT never uses Winograd, whose relative error is some five times that of the direct sum (1e-6, not 2e-7). */
typedef enum fastcnn_precision { FASTCNN_PRECISION_HIGH = 0, FASTCNN_PRECISION_STRICT } fastcnn_precision;

/* Zeros around x cost nothing; every other padding copies x with its margin first (pad_mode, pad_value).
 * x (n, h, w, c), filter (kh, kw, c / groups, k), y (n, oh, ow, k) with
 *   oh = (h + pad_top + pad_bottom - (kh - 1) * dilation_h - 1) / stride_h + 1, ow likewise.
 * n may be 0, the other sizes are at least 1. A transposed convolution is described by the convolution it is the
 * gradient of. */
typedef struct fastcnn_conv2d_params {
  int64_t n, h, w, c;
  int64_t k, kh, kw;
  int64_t stride_h, stride_w, dilation_h, dilation_w;
  int64_t pad_top, pad_bottom, pad_left, pad_right;
  int64_t groups;
  fastcnn_pad_mode pad_mode;
  float pad_value;
  fastcnn_algorithm algorithm;
  fastcnn_precision precision;
  const fastcnn_prologue* prologue; /* how x is read, forward and in the weight gradient, where padding is zeros; or
                                       NULL */
  /* Floats from one pixel of y to the next, at least k; 0 means k. More than k: y is a slice of the channels of a
   * larger array, whose other channels are left alone. Of the forward pass, and without a residual or gate. */
  int64_t y_pixel;
  /* Of the forward pass: what fastcnn_conv2d_prepare made of this very filter, or NULL. Made with another shape of
   * filter, algorithm or instruction set it is not used; it never changes a result. */
  const void* prepared;
} fastcnn_conv2d_params;

typedef enum fastcnn_pass { FASTCNN_FORWARD = 0, FASTCNN_DX, FASTCNN_DW } fastcnn_pass;

/* Strides, dilation and groups 1; everything else 0: valid padding. Sizes are still to be set. */
FASTCNN_API void fastcnn_conv2d_defaults(fastcnn_conv2d_params* p);

FASTCNN_API fastcnn_status fastcnn_conv2d_output_shape(const fastcnn_conv2d_params* p, int64_t* oh, int64_t* ow);

/* The algorithm that a pass will use. */
FASTCNN_API fastcnn_status fastcnn_conv2d_algorithm(const fastcnn_conv2d_params* p, fastcnn_pass pass,
                                                    fastcnn_algorithm* algorithm);

/* Bytes of workspace for a pass. */
FASTCNN_API fastcnn_status fastcnn_conv2d_workspace(const fastcnn_conv2d_params* p, fastcnn_pass pass, size_t* bytes);

/* y = activation(conv(x, filter) + bias + residual). epilogue may be NULL. */
FASTCNN_API fastcnn_status fastcnn_conv2d(const fastcnn_conv2d_params* p, const float* x, const float* filter,
                                          const fastcnn_epilogue* epilogue, float* y, void* workspace,
                                          size_t workspace_bytes);

/* The filter packed in the order in which the forward pass reads it, which a pass over few pixels spends much of its
 * time on. To be kept by the caller for as long as the filter does not change, in this process only; best at a
 * multiple of 64. Bytes: some more than the filter's, or four times as many for a small one. */
FASTCNN_API fastcnn_status fastcnn_conv2d_prepared_bytes(const fastcnn_conv2d_params* p, size_t* bytes);
FASTCNN_API fastcnn_status fastcnn_conv2d_prepare(const fastcnn_conv2d_params* p, const float* filter, void* prepared);

/* The gradient with respect to x, from that with respect to y. With an epilogue (bias of c floats, activation) it is
 * the transposed convolution as a layer. */
FASTCNN_API fastcnn_status fastcnn_conv2d_dx(const fastcnn_conv2d_params* p, const float* dy, const float* filter,
                                             const fastcnn_epilogue* epilogue, float* dx, void* workspace,
                                             size_t workspace_bytes);

/* dw: the gradient with respect to the filter, and, unless db is NULL, on the way that with respect to the bias: db
 * (k,) = the sum of dy over its pixels. */
FASTCNN_API fastcnn_status fastcnn_conv2d_dw(const fastcnn_conv2d_params* p, const float* x, const float* dy, float* dw,
                                             float* db, void* workspace, size_t workspace_bytes);

/* A convolution and the maximum pooling behind it in one pass, for layers whose algorithm is Winograd and whose k is a
 * multiple of 16: windows of 2x2, side by side, no padding; a row or column that is left over takes no part. The
 * convolution's own result is never stored: y, (n, oh / 2, ow / 2, k), is what fastcnn_max_pool2d would make of it, and
 * so are indices, which may be NULL. The workspace is that of fastcnn_conv2d. The epilogue has no residual or gate; its
 * activation is linear, relu or relu6. y_pixel goes for y; indices are always contiguous. */
FASTCNN_API fastcnn_status fastcnn_conv2d_max_pool(const fastcnn_conv2d_params* p, const float* x, const float* filter,
                                                   const fastcnn_epilogue* epilogue, float* y, uint8_t* indices,
                                                   void* workspace, size_t workspace_bytes);
/* As fastcnn_conv2d_dx and fastcnn_conv2d_dw, of the same layers, from the gradient dy with respect to the maxima and
 * their indices; where an index is not below 4, its window gets none. dx: pad_top and pad_left are both even, or both
 * odd. */
FASTCNN_API fastcnn_status fastcnn_conv2d_max_pool_dx(const fastcnn_conv2d_params* p, const float* dy,
                                                      const uint8_t* indices, const float* filter,
                                                      const fastcnn_epilogue* epilogue, float* dx, void* workspace,
                                                      size_t workspace_bytes);
FASTCNN_API fastcnn_status fastcnn_conv2d_max_pool_dw(const fastcnn_conv2d_params* p, const float* x, const float* dy,
                                                      const uint8_t* indices, float* dw, float* db, void* workspace,
                                                      size_t workspace_bytes);

/* The gradient with respect to the bias: db (k,) = the sum of dy (rows, k) over its rows. */
FASTCNN_API fastcnn_status fastcnn_bias_gradient(int64_t rows, int64_t k, const float* dy, float* db);

#ifdef __cplusplus
}
#endif
#endif
