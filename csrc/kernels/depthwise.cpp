#include "depthwise.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const DepthwiseKernels depthwise_kernels;
const DepthwiseKernels depthwise_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
