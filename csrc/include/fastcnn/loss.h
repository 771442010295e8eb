/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_LOSS_H
#define FASTCNN_LOSS_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
