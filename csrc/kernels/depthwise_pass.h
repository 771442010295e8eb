// A pass of a depthwise convolution: the convolution itself or its input gradient, which gather in the same way.
#pragma once
#include "depthwise_lines.h"
#include "fastcnn/core.h"

namespace fastcnn {
namespace ISA {

struct Pass {
  float* result;
  const float *source, *filter;  // (kh, kw, c * m)
  Axis rows, columns;
  int64_t images, result_c, source_c, filter_c, m;
  fastcnn_epilogue end;
};

constexpr int64_t kFilterFloats = 4096;  // of a block of channels: a third of the first-level cache
constexpr int64_t kTaskFloats = 64 << 10, kLeastTaskFloats = 8 << 10, kTasks = 16;

// The activations that are too long for registers, on pixels of a row that have just been written.
void activate_row(const Pass& pass, int64_t image, int64_t i, Range pixels, Range channels);

// Whether depthwise_3x3 does this pass.
bool is_3x3(const Pass& pass);
void depthwise_3x3(const Pass& pass);

}  // namespace ISA
}  // namespace fastcnn
