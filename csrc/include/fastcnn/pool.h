/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_POOL_H
#define FASTCNN_POOL_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
