// The geometry of a 2-D convolution and the table entries of conv*.cpp and winograd*.cpp.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fastcnn/core.h"

namespace fastcnn {

// y (n, oh, ow, k) = x (n, h, w, c) * filter (kh, kw, c / groups, k), zeros around x.
struct Conv2d {
  int64_t n, h, w, c;
  int64_t k, kh, kw;
  int64_t oh, ow;
  int64_t stride_h, stride_w, dilation_h, dilation_w;
  int64_t top, left;  // rows and columns of zeros before x; those after it follow from oh and ow
  int64_t groups;
  const fastcnn_prologue* prologue;  // of x, forward and in the weight gradient; or null
  int64_t y_pixel;                   // floats from one pixel of y to the next, k or more: of the forward pass
  const float* prepared;             // the filter as ConvKernels::prepare leaves it, or null: of the forward pass
  // Winograd alone: the map is not stored, y is the maxima of its windows of 2x2, side by side (winograd_pool.h).
  bool pooled;             // of the forward pass
  uint8_t* noted;          // there: which pixel of its window each is, 0..3; or null
  const uint8_t* winners;  // of the gradients: the same; dy is that of the maxima. Null: dy is that of the map
};

constexpr int64_t kPooledChannels = 16;  // divides k where the map is pooled

enum class ConvPass { forward, dx, dw };
enum class ConvAlgorithm { direct, winograd };

struct ConvKernels {
  // Bytes of scratch that a pass needs with this many threads.
  size_t (*workspace)(const Conv2d&, ConvPass, ConvAlgorithm, int threads);
  void (*forward)(float* y, const float* x, const float* filter, const Conv2d&, const fastcnn_epilogue&, ConvAlgorithm,
                  char* workspace, int threads);
  void (*dx)(float* dx, const float* dy, const float* filter, const Conv2d&, const fastcnn_epilogue&, ConvAlgorithm,
             char* workspace, int threads);
  // db, (k,) or null: the sum of dy over its pixels, on the way.
  void (*dw)(float* dw, float* db, const float* x, const float* dy, const Conv2d&, ConvAlgorithm, char* workspace,
             int threads);
  // The filter as forward multiplies with it: its floats; and how it is made, in the workspace of forward.
  int64_t (*prepared_floats)(const Conv2d&, ConvAlgorithm);
  void (*prepare)(float* to, const float* filter, const Conv2d&, ConvAlgorithm, char* workspace, int threads);
};

}  // namespace fastcnn
