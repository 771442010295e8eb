// The table entries of pool.cpp.
#pragma once
#include <stdint.h>

namespace fastcnn {

struct PoolKernels {};

}  // namespace fastcnn
