#include "optimizer.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const OptimizerKernels optimizer_kernels;
const OptimizerKernels optimizer_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
