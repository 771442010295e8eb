// The table entries of resize.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct ResizeKernels {};

}  // namespace fastcnn
