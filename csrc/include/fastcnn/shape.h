/* Part of fastcnn.h; include that. Arrays of any rank: concatenation, slices, padding, transposition, gathering. */
#ifndef FASTCNN_SHAPE_H
#define FASTCNN_SHAPE_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FASTCNN_MAX_RANK 8

/* The shape of a contiguous array. */
typedef struct fastcnn_dims {
  int rank; /* 0 to FASTCNN_MAX_RANK */
  int64_t dim[FASTCNN_MAX_RANK];
} fastcnn_dims;

/* Arrays that differ along one axis only, one after the other. */
FASTCNN_API fastcnn_status fastcnn_concat_output_shape(int count, const fastcnn_dims* x_dims, int axis,
                                                       fastcnn_dims* y);
FASTCNN_API fastcnn_status fastcnn_concat(int count, const fastcnn_dims* x_dims, const float* const* x, int axis,
                                          float* y);

/* x[begin:end:stride] along every axis, with the rules of Python: negative bounds count from the end, bounds outside
 * are cut, strides may be negative. INT64_MAX and INT64_MIN are the farthest bounds. */
typedef struct fastcnn_slice_params {
  int64_t begin[FASTCNN_MAX_RANK], end[FASTCNN_MAX_RANK], stride[FASTCNN_MAX_RANK];
} fastcnn_slice_params;
FASTCNN_API fastcnn_status fastcnn_slice_output_shape(const fastcnn_dims* x_dims, const fastcnn_slice_params* slice,
                                                      fastcnn_dims* y);
FASTCNN_API fastcnn_status fastcnn_slice(const fastcnn_dims* x_dims, const fastcnn_slice_params* slice, const float* x,
                                         float* y);
/* dx (x_dims) = dy where the slice took an element, 0 elsewhere. */
FASTCNN_API fastcnn_status fastcnn_slice_backward(const fastcnn_dims* x_dims, const fastcnn_slice_params* slice,
                                                  const float* dy, float* dx);

typedef enum fastcnn_pad_mode {
  FASTCNN_PAD_CONSTANT = 0,
  FASTCNN_PAD_REFLECT,   /* c b | a b c | b a: the edge once */
  FASTCNN_PAD_SYMMETRIC, /* b a | a b c | c b: the edge twice */
  FASTCNN_PAD_EDGE,      /* a a | a b c | c c */
  FASTCNN_PAD_WRAP,      /* b c | a b c | a b */
  FASTCNN_PAD_MODE_COUNT
} fastcnn_pad_mode;
typedef struct fastcnn_pad_params {
  fastcnn_pad_mode mode;
  float value; /* of FASTCNN_PAD_CONSTANT */
  int64_t before[FASTCNN_MAX_RANK], after[FASTCNN_MAX_RANK];
} fastcnn_pad_params;
FASTCNN_API fastcnn_status fastcnn_pad_output_shape(const fastcnn_dims* x_dims, const fastcnn_pad_params* pad,
                                                    fastcnn_dims* y);
FASTCNN_API fastcnn_status fastcnn_pad(const fastcnn_dims* x_dims, const fastcnn_pad_params* pad, const float* x,
                                       float* y);
/* dx[i] = the sum of dy over all places that x[i] was copied to. */
FASTCNN_API fastcnn_status fastcnn_pad_backward_workspace(const fastcnn_dims* x_dims, const fastcnn_pad_params* pad,
                                                          size_t* bytes);
FASTCNN_API fastcnn_status fastcnn_pad_backward(const fastcnn_dims* x_dims, const fastcnn_pad_params* pad,
                                                const float* dy, float* dx, void* workspace, size_t workspace_bytes);

/* Axis i of y is axis axes[i] of x: one for each axis of x, from 0 on. */
FASTCNN_API fastcnn_status fastcnn_transpose_output_shape(const fastcnn_dims* x_dims, const int* axes, fastcnn_dims* y);
FASTCNN_API fastcnn_status fastcnn_transpose(const fastcnn_dims* x_dims, const int* axes, const float* x, float* y);

/* Reverses the axes of the bit mask: bit i for axis i. */
FASTCNN_API fastcnn_status fastcnn_flip(const fastcnn_dims* x_dims, uint32_t axes, const float* x, float* y);
/* x repeated as a whole, repeats[i] times along axis i. */
FASTCNN_API fastcnn_status fastcnn_tile_output_shape(const fastcnn_dims* x_dims, const int64_t* repeats,
                                                     fastcnn_dims* y);
FASTCNN_API fastcnn_status fastcnn_tile(const fastcnn_dims* x_dims, const int64_t* repeats, const float* x, float* y);
/* Every element repeated along one axis. */
FASTCNN_API fastcnn_status fastcnn_repeat_output_shape(const fastcnn_dims* x_dims, int64_t repeats, int axis,
                                                       fastcnn_dims* y);
FASTCNN_API fastcnn_status fastcnn_repeat(const fastcnn_dims* x_dims, int64_t repeats, int axis, const float* x,
                                          float* y);

/* y (count, width) = the rows of x (rows, width) that indices (count,) name; each must be in [0, rows). */
FASTCNN_API fastcnn_status fastcnn_take_rows(int64_t rows, int64_t width, int64_t count, const int64_t* indices,
                                             const float* x, float* y);
/* y (count, depth): 1 at labels[i], 0 elsewhere; each label must be in [0, depth). */
FASTCNN_API fastcnn_status fastcnn_one_hot(int64_t count, int64_t depth, const int64_t* labels, float* y);
/* y = x * scale + offset, bytes to floats: what images go through. */
FASTCNN_API fastcnn_status fastcnn_from_uint8(int64_t size, float scale, float offset, const uint8_t* x, float* y);

#ifdef __cplusplus
}
#endif
#endif
