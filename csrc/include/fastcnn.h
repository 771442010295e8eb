/* fastcnn: convolutional-network kernels for the CPU. This header is the one door to them, for C, C++, Cython and
 * our own Python module.
 *
 * Arrays are float32, NHWC, contiguous and the caller's; filters are (kh, kw, c / groups, k). They are aligned as
 * their elements are, no more is asked; at multiples of 64 some functions are faster. Inputs are never written to.
 * Results are overwritten, not added to, and overlap no input unless a function says which one they may be: then
 * they begin where it does. A pointer may be NULL where there is nothing to read or write.
 *
 * A workspace is scratch memory: as many bytes as the _workspace function says, anywhere, of any content, for one
 * call at a time; NULL, 0 means the library's own. Its bytes follow from the present number of threads and
 * instruction set.
 *
 * Every function returns a fastcnn_status; fastcnn_last_error() has the words. What a failed call was to write is
 * not to be read. Nothing is printed, nothing throws. Results have the same bits for any number of threads.
 *
 * Functions may be called from several threads at once, but fastcnn_set_isa only while no other runs. A call within
 * a parallel region of OpenMP stays on its thread. A process may fork before, after and between calls. */
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
