#include "softmax.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const SoftmaxKernels softmax_kernels;
const SoftmaxKernels softmax_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
