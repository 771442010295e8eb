// The table entries of norm.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct NormKernels {};

}  // namespace fastcnn
