#include "resize.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const ResizeKernels resize_kernels;
const ResizeKernels resize_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
