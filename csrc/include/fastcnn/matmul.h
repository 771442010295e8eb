/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_MATMUL_H
#define FASTCNN_MATMUL_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
