/* fastcnn: convolutional-network kernels for the CPU. This header is the one door to them, for C, C++, Cython and our
 * own Python module.
 *
 * Arrays are float32, NHWC, contiguous and the caller's; filters are (kh, kw, c / groups, k). Every function returns a
 * fastcnn_status; fastcnn_last_error() has the words. Inputs are never written to. Nothing is printed, nothing throws.
 * Results have the same bits for any number of threads. Functions may be called from several threads at once. */
#ifndef FASTCNN_H
#define FASTCNN_H

#include "fastcnn/activation.h"
#include "fastcnn/arithmetic.h"
#include "fastcnn/conv.h"
#include "fastcnn/core.h"
#include "fastcnn/depthwise.h"
#include "fastcnn/image.h"
#include "fastcnn/loss.h"
#include "fastcnn/matmul.h"
#include "fastcnn/norm.h"
#include "fastcnn/optimizer.h"
#include "fastcnn/pool.h"
#include "fastcnn/probe.h"
#include "fastcnn/random.h"
#include "fastcnn/shape.h"

#endif
