// The table entries of random.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct RandomKernels {};

}  // namespace fastcnn
