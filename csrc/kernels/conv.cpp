#include "conv.h"
namespace fastcnn {
namespace ISA {
extern const ConvKernels conv_kernels;
const ConvKernels conv_kernels = {};
}  // namespace ISA
}  // namespace fastcnn
