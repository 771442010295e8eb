/* Part of fastcnn.h; include that. Elementwise arithmetic with broadcasting, comparisons, reductions. */
#ifndef FASTCNN_ARITHMETIC_H
#define FASTCNN_ARITHMETIC_H

#include "core.h"
#include "shape.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fastcnn_binary_op {
  FASTCNN_BINARY_ADD = 0,
  FASTCNN_BINARY_SUBTRACT,
  FASTCNN_BINARY_MULTIPLY,
  FASTCNN_BINARY_DIVIDE,
  FASTCNN_BINARY_MAXIMUM, /* NaN where either is NaN */
  FASTCNN_BINARY_MINIMUM,
  FASTCNN_BINARY_SQUARED_DIFFERENCE,
  FASTCNN_BINARY_POWER, /* the special cases are those of C's pow */
  FASTCNN_BINARY_COUNT
} fastcnn_binary_op;

typedef enum fastcnn_compare_op {
  FASTCNN_COMPARE_EQUAL = 0,
  FASTCNN_COMPARE_NOT_EQUAL,
  FASTCNN_COMPARE_LESS,
  FASTCNN_COMPARE_LESS_EQUAL,
  FASTCNN_COMPARE_GREATER,
  FASTCNN_COMPARE_GREATER_EQUAL,
  FASTCNN_COMPARE_COUNT
} fastcnn_compare_op;

typedef enum fastcnn_unary_op {
  FASTCNN_UNARY_NEGATIVE = 0,
  FASTCNN_UNARY_ABS,
  FASTCNN_UNARY_SQUARE,
  FASTCNN_UNARY_SQRT,
  FASTCNN_UNARY_RSQRT, /* 1 / sqrt(x) */
  FASTCNN_UNARY_RECIPROCAL,
  FASTCNN_UNARY_SIGN, /* -1, 0, 1 or NaN */
  FASTCNN_UNARY_FLOOR,
  FASTCNN_UNARY_CEIL,
  FASTCNN_UNARY_ROUND, /* halves to even */
  FASTCNN_UNARY_COUNT
} fastcnn_unary_op;

/* The shape of a (op) b: axes are matched from the last one; 1 matches everything. */
FASTCNN_API fastcnn_status fastcnn_broadcast_shape(const fastcnn_dims* a, const fastcnn_dims* b, fastcnn_dims* y);

/* y = a (op) b, broadcast. y may be an operand that has the shape of y. */
FASTCNN_API fastcnn_status fastcnn_binary(fastcnn_binary_op op, const fastcnn_dims* a_dims, const float* a,
                                          const fastcnn_dims* b_dims, const float* b, float* y);
/* y = a + scale * b, broadcast, in one rounding where the CPU fuses. y may be an operand as above. */
FASTCNN_API fastcnn_status fastcnn_add_scaled(float scale, const fastcnn_dims* a_dims, const float* a,
                                              const fastcnn_dims* b_dims, const float* b, float* y);
/* y = 1 where a (op) b holds, else 0, broadcast. */
FASTCNN_API fastcnn_status fastcnn_compare(fastcnn_compare_op op, const fastcnn_dims* a_dims, const float* a,
                                           const fastcnn_dims* b_dims, const float* b, uint8_t* y);
/* y = condition ? a : b, broadcast; y may be a or b where it has the shape of y. */
FASTCNN_API fastcnn_status fastcnn_where(const fastcnn_dims* condition_dims, const uint8_t* condition,
                                         const fastcnn_dims* a_dims, const float* a, const fastcnn_dims* b_dims,
                                         const float* b, float* y);

/* y = op(x) over size floats; y may be x. */
FASTCNN_API fastcnn_status fastcnn_unary(fastcnn_unary_op op, int64_t size, const float* x, float* y);
/* y = min(max(x, low), high); NaN stays NaN; y may be x. */
FASTCNN_API fastcnn_status fastcnn_clip(float low, float high, int64_t size, const float* x, float* y);

/* Reductions: axes is a bit mask, bit i for axis i; y has the kept axes in order. Sums are made in fixed blocks and
 * added in double, so their order depends on the shape alone. MEAN, VAR and STD of nothing are NaN; MAX and MIN of
 * nothing are an error. MAX and MIN are NaN where an element is. */
typedef enum fastcnn_reduce_op {
  FASTCNN_REDUCE_SUM = 0,
  FASTCNN_REDUCE_MEAN,
  FASTCNN_REDUCE_MAX,
  FASTCNN_REDUCE_MIN,
  FASTCNN_REDUCE_PROD,
  FASTCNN_REDUCE_SUM_SQUARES,
  FASTCNN_REDUCE_NORM, /* sqrt of the sum of squares */
  FASTCNN_REDUCE_VAR,  /* of the population, in two passes */
  FASTCNN_REDUCE_STD,
  FASTCNN_REDUCE_COUNT
} fastcnn_reduce_op;

FASTCNN_API fastcnn_status fastcnn_reduce_output_shape(const fastcnn_dims* dims, uint32_t axes, fastcnn_dims* y);
FASTCNN_API fastcnn_status fastcnn_reduce_workspace(fastcnn_reduce_op op, const fastcnn_dims* dims, uint32_t axes,
                                                    size_t* bytes);
FASTCNN_API fastcnn_status fastcnn_reduce(fastcnn_reduce_op op, const fastcnn_dims* dims, uint32_t axes, const float* x,
                                          float* y, void* workspace, size_t workspace_bytes);

/* How many elements are not zero (NaN is not), or are infinite or NaN. */
typedef enum fastcnn_count_op {
  FASTCNN_COUNT_NONZERO = 0,
  FASTCNN_COUNT_NONFINITE,
  FASTCNN_COUNT_COUNT
} fastcnn_count_op;
FASTCNN_API fastcnn_status fastcnn_count_workspace(fastcnn_count_op op, const fastcnn_dims* dims, uint32_t axes,
                                                   size_t* bytes);
FASTCNN_API fastcnn_status fastcnn_count(fastcnn_count_op op, const fastcnn_dims* dims, uint32_t axes, const float* x,
                                         int64_t* y, void* workspace, size_t workspace_bytes);

/* The index of the first largest (or smallest) element along one axis, which y is without; that of the first NaN where
 * there is one. */
FASTCNN_API fastcnn_status fastcnn_argmax(const fastcnn_dims* dims, int axis, const float* x, int64_t* y);
FASTCNN_API fastcnn_status fastcnn_argmin(const fastcnn_dims* dims, int axis, const float* x, int64_t* y);

/* The gradient of broadcasting: dx (dx_dims) = dy (dy_dims) summed over the axes along which dx was repeated. */
FASTCNN_API fastcnn_status fastcnn_unbroadcast_workspace(const fastcnn_dims* dy_dims, const fastcnn_dims* dx_dims,
                                                         size_t* bytes);
FASTCNN_API fastcnn_status fastcnn_unbroadcast(const fastcnn_dims* dy_dims, const float* dy,
                                               const fastcnn_dims* dx_dims, float* dx, void* workspace,
                                               size_t workspace_bytes);

#ifdef __cplusplus
}
#endif
#endif
