#include "random.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const RandomKernels random_kernels;
const RandomKernels random_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
