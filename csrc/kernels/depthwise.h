// The table entries of depthwise.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct DepthwiseKernels {};

}  // namespace fastcnn
