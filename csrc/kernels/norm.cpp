#include "norm.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const NormKernels norm_kernels;
const NormKernels norm_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
