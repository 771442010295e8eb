// The table entries of softmax.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct SoftmaxKernels {};

}  // namespace fastcnn
