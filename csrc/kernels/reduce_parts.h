// What reduce.cpp takes from reduce_arg.cpp.
#pragma once
#include "reduce.h"

namespace fastcnn {
namespace ISA {

void arg(int64_t* y, const float* x, const ReduceShape& shape, bool largest);

}  // namespace ISA
}  // namespace fastcnn
