/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_NORM_H
#define FASTCNN_NORM_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
