/* Part of fastcnn.h; include that. */
#ifndef FASTCNN_ARITHMETIC_H
#define FASTCNN_ARITHMETIC_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif
#endif
