#include "pool.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

extern const PoolKernels pool_kernels;
const PoolKernels pool_kernels = {};

}  // namespace ISA
}  // namespace fastcnn
