/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_CONV_H
#define FASTCNN_CONV_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
