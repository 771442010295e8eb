#include "reduce.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const ReduceKernels reduce_kernels;
const ReduceKernels reduce_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
