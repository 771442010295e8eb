#include "gemm.h"
namespace fastcnn {
namespace ISA {
extern const GemmKernels gemm_kernels;
const GemmKernels gemm_kernels = {};
}  // namespace ISA
}  // namespace fastcnn
