/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_DEPTHWISE_H
#define FASTCNN_DEPTHWISE_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
