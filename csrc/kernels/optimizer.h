// The table entries of optimizer.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct OptimizerKernels {};

}  // namespace fastcnn
