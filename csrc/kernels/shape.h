// The table entries of shape.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct ShapeKernels {};

}  // namespace fastcnn
