/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_RANDOM_H
#define FASTCNN_RANDOM_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
