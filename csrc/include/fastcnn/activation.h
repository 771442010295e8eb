/* Part of fastcnn.h; include that. Activation functions, softmax. */
#ifndef FASTCNN_ACTIVATION_H
#define FASTCNN_ACTIVATION_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = f(x), elementwise over size floats; y may be x. alpha: see fastcnn_activation. */
FASTCNN_API fastcnn_status fastcnn_activate(fastcnn_activation f, float alpha, int64_t size, const float* x, float* y);

#ifdef __cplusplus
}
#endif
#endif
