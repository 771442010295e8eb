// The table entries of reduce.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct ReduceKernels {};

}  // namespace fastcnn
