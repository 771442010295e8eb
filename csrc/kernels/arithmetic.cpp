#include "arithmetic.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const ArithmeticKernels arithmetic_kernels;
const ArithmeticKernels arithmetic_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
