// The table entries of loss.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct LossKernels {};

}  // namespace fastcnn
