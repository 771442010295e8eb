/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_OPTIMIZER_H
#define FASTCNN_OPTIMIZER_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
