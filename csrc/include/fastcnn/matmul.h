/* Part of fastcnn.h; include that. Matrix products, and dense layers, which are matrix products with an epilogue. */
#ifndef FASTCNN_MATMUL_H
#define FASTCNN_MATMUL_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y (batch, m, n) = activation(op(a) op(b) + bias + residual). op(a) is (m, k): a is (m, k), or (k, m) with
 * transpose_a; op(b) is (k, n): b is (k, n), or (n, k) with transpose_b. batch_a and batch_b are 0 where one matrix
 * serves the whole batch. bias has n floats. finite_b: the caller's promise that b holds neither infinities nor NaN, as
 * weights do that were looked through once; what of b meets zeros of a single row need not be read then. 0 promises
 * nothing. Nothing checks it: kept, it changes no result; broken, 0 * NaN may be 0. */
typedef struct fastcnn_matmul_params {
  int64_t batch, m, n, k;
  int transpose_a, transpose_b;
  int batch_a, batch_b;
  int finite_b;
} fastcnn_matmul_params;

FASTCNN_API fastcnn_status fastcnn_matmul_workspace(const fastcnn_matmul_params* p, size_t* bytes);

/* The epilogue's gate goes with linear, relu and relu6. epilogue may be NULL. */
FASTCNN_API fastcnn_status fastcnn_matmul(const fastcnn_matmul_params* p, const float* a, const float* b,
                                          const fastcnn_epilogue* epilogue, float* y, void* workspace,
                                          size_t workspace_bytes);

#ifdef __cplusplus
}
#endif
#endif
