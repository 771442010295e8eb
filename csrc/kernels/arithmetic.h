// The table entries of arithmetic.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct ArithmeticKernels {};

}  // namespace fastcnn
