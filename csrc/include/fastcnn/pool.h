/* Part of fastcnn.h; include that. Pooling and resizing. x: (n, h, w, c), y: (n, oh, ow, c). */
#ifndef FASTCNN_POOL_H
#define FASTCNN_POOL_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Windows of kh x kw cells, dilation apart, every stride cells of an image padded by top, bottom, left, right cells.
 * Padding is smaller than the window. A pooling of signals (n, w, c) is one with h = kh = stride_h = 1. */
typedef struct fastcnn_pool2d {
  int64_t n, h, w, c;
  int64_t kh, kw, stride_h, stride_w, dilation_h, dilation_w;
  int64_t top, bottom, left, right;
  /* Not 0: one more window where the stride leaves cells over, if it starts inside the image or the padding before it.
   */
  int32_t ceil_mode;
  /* Not 0: an average divides by all cells of its window inside the padded image; 0: by those of the image. */
  int32_t count_include_pad;
  /* Floats from one pixel of y to the next, at least c; 0 means c. More than c: y is a slice of the channels of a
   * larger array. Of the forward passes, and without indices. */
  int64_t y_pixel;
} fastcnn_pool2d;

FASTCNN_API fastcnn_status fastcnn_pool2d_output_shape(const fastcnn_pool2d* p, int64_t* oh, int64_t* ow);

/* y = the maximum of each window; padding does not take part, NaN counts as the largest. indices: NULL, or the shape of
 * y, for the gradient: which cell of its window an output is, i * kw + j, the first where several are equal; only for
 * windows of at most 256 cells. A window without a cell inside the image gives -inf. */
FASTCNN_API fastcnn_status fastcnn_max_pool2d(const fastcnn_pool2d* p, const float* x, float* y, uint8_t* indices);
/* The same with indices of activation((x - mean) * scale + shift), which is not stored. */
FASTCNN_API fastcnn_status fastcnn_max_pool2d_through(const fastcnn_pool2d* p, const fastcnn_prologue* prologue,
                                                      const float* x, float* y, uint8_t* indices);
/* dx: the shape of x. Needs indices, or x to find them again (the other may be NULL) in a workspace. Indices outside
 * the window are refused; one of a padded cell gets no gradient. */
FASTCNN_API fastcnn_status fastcnn_max_pool2d_dx_workspace(const fastcnn_pool2d* p, size_t* bytes);
FASTCNN_API fastcnn_status fastcnn_max_pool2d_dx(const fastcnn_pool2d* p, const float* dy, const uint8_t* indices,
                                                 const float* x, float* dx, void* workspace, size_t workspace_bytes);

/* y = the mean of each window, and its gradient. A window without a cell inside the image gives 0. */
FASTCNN_API fastcnn_status fastcnn_avg_pool2d(const fastcnn_pool2d* p, const float* x, float* y);
FASTCNN_API fastcnn_status fastcnn_avg_pool2d_dx(const fastcnn_pool2d* p, const float* dy, float* dx);

/* y: (n, c) = the mean or maximum over all pixels; x: (n, pixels, c), pixels >= 1. The workspace serves both. The
 * gradient of the maximum goes to the first pixel that holds it. */
FASTCNN_API fastcnn_status fastcnn_global_pool_workspace(int64_t n, int64_t pixels, int64_t c, size_t* bytes);
FASTCNN_API fastcnn_status fastcnn_global_avg_pool(int64_t n, int64_t pixels, int64_t c, const float* x, float* y,
                                                   void* workspace, size_t workspace_bytes);
FASTCNN_API fastcnn_status fastcnn_global_max_pool(int64_t n, int64_t pixels, int64_t c, const float* x, float* y,
                                                   void* workspace, size_t workspace_bytes);
FASTCNN_API fastcnn_status fastcnn_global_avg_pool_dx(int64_t n, int64_t pixels, int64_t c, const float* dy, float* dx);
FASTCNN_API fastcnn_status fastcnn_global_max_pool_dx(int64_t n, int64_t pixels, int64_t c, const float* dy,
                                                      const float* x, float* dx);

/* From h x w to oh x ow. */
typedef struct fastcnn_resize2d_sizes {
  int64_t n, h, w, c, oh, ow;
} fastcnn_resize2d_sizes;

/* y[oy, ox] = the mean over rows floor(oy h / oh) to ceil((oy + 1) h / oh) - 1, and columns alike. */
FASTCNN_API fastcnn_status fastcnn_adaptive_avg_pool2d(const fastcnn_resize2d_sizes* p, const float* x, float* y);
FASTCNN_API fastcnn_status fastcnn_adaptive_avg_pool2d_dx(const fastcnn_resize2d_sizes* p, const float* dy, float* dx);

typedef enum fastcnn_interpolation { FASTCNN_NEAREST = 0, FASTCNN_BILINEAR } fastcnn_interpolation;

/* y[oy, ox] = x at ((oy + 1/2) h / oh - 1/2, (ox + 1/2) w / ow - 1/2), edges repeated; and its gradient. Shrinking does
 * not smooth first. */
FASTCNN_API fastcnn_status fastcnn_resize2d(const fastcnn_resize2d_sizes* p, fastcnn_interpolation interpolation,
                                            const float* x, float* y);
FASTCNN_API fastcnn_status fastcnn_resize2d_dx(const fastcnn_resize2d_sizes* p, fastcnn_interpolation interpolation,
                                               const float* dy, float* dx);

#ifdef __cplusplus
}
#endif
#endif
