// The table entries of resize.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct ResizeShape {
  int64_t n, h, w, c, oh, ow;
};

// x: (n, h, w, c), y: (n, oh, ow, c); centres of pixels lie at halves.
struct ResizeKernels {
  void (*nearest)(float* y, const float* x, const ResizeShape& shape);
  void (*nearest_dx)(float* dx, const float* dy, const ResizeShape& shape);
  void (*bilinear)(float* y, const float* x, const ResizeShape& shape);
  void (*bilinear_dx)(float* dx, const float* dy, const ResizeShape& shape);
};

}  // namespace fastcnn
