// The geometry of a depthwise convolution and the table entries of depthwise*.cpp.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fastcnn/core.h"

namespace fastcnn {

// y (n, oh, ow, c * m) from x (n, h, w, c) and filter (kh, kw, c, m), zeros around x. Output channel ch * m + j looks
// at input channel ch alone.
struct Depthwise2d {
  int64_t n, h, w, c;
  int64_t m, kh, kw;
  int64_t oh, ow;
  int64_t stride_h, stride_w, dilation_h, dilation_w;
  int64_t top, left;  // rows and columns of zeros before x; those after it follow from oh and ow
};

struct DepthwiseKernels {
  void (*forward)(float* y, const float* x, const float* filter, const Depthwise2d&, const fastcnn_epilogue&);
  void (*dx)(float* dx, const float* dy, const float* filter, const Depthwise2d&);
  // Scratch: dw_bytes and db_bytes, which may be 0.
  size_t (*dw_bytes)(const Depthwise2d&);
  void (*dw)(float* dw, const float* x, const float* dy, const Depthwise2d&, char* workspace);
  // db (c) = the sums of dy (pixels, c) over its pixels.
  size_t (*db_bytes)(int64_t pixels, int64_t c);
  void (*db)(float* db, const float* dy, int64_t pixels, int64_t c, char* workspace);
};

}  // namespace fastcnn
