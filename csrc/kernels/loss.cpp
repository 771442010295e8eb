#include "loss.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const LossKernels loss_kernels;
const LossKernels loss_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
