/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_SHAPE_H
#define FASTCNN_SHAPE_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
