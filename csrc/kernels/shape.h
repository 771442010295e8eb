// The table entries of shape*.cpp.
#pragma once
#include <stdint.h>

#include "fastcnn/shape.h"
#include "nest.h"

namespace fastcnn {

// Padding of (outer axes..., n, run): a run is what lies behind the last padded axis.
struct PadNest {
  int rank;  // padded axes and those between; the last is padded, or the only one
  int64_t dim[FASTCNN_MAX_RANK], before[FASTCNN_MAX_RANK], after[FASTCNN_MAX_RANK];
  int64_t run;
};

struct ShapeKernels {
  // y[...] = x[...] over a nest; stride[0] is y's, stride[1] x's.
  void (*copy)(float* y, const float* x, const Nest& nest);
  // The same where y is contiguous and some axis of x other than the last has stride 1.
  void (*transpose)(float* y, const float* x, const Nest& nest);
  void (*fill)(float* y, float value, int64_t size);
  // y (outer, sum of widths) = x[0] (outer, widths[0]), x[1], ... side by side.
  void (*concat)(float* y, const float* const* x, const int64_t* widths, int count, int64_t outer, int64_t total);
  // y (count, width) = rows of x.
  void (*take_rows)(float* y, const float* x, const int64_t* indices, int64_t count, int64_t width);
  void (*one_hot)(float* y, const int64_t* labels, int64_t count, int64_t depth);
  void (*from_uint8)(float* y, const uint8_t* x, int64_t size, float scale, float offset);
  void (*pad)(float* y, const float* x, const PadNest& nest, fastcnn_pad_mode mode, float value);
  // The adjoint along one axis: dx (outer, n, run) from dy (outer, before + n + after, run).
  void (*fold_axis)(float* dx, const float* dy, int64_t outer, int64_t n, int64_t before, int64_t after, int64_t run,
                    fastcnn_pad_mode mode);
};

}  // namespace fastcnn
