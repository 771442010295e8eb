#include "table.h"

#define FASTCNN_TEXT(x) #x
#define FASTCNN_NAME(x) FASTCNN_TEXT(x)

namespace fastcnn {
namespace ISA {

extern const GemmKernels gemm_kernels;
extern const ConvKernels conv_kernels;
extern const DepthwiseKernels depthwise_kernels;
extern const PoolKernels pool_kernels;
extern const ResizeKernels resize_kernels;
extern const ImageKernels image_kernels;
extern const NormKernels norm_kernels;
extern const ActivationKernels activation_kernels;
extern const SoftmaxKernels softmax_kernels;
extern const ArithmeticKernels arithmetic_kernels;
extern const ReduceKernels reduce_kernels;
extern const ShapeKernels shape_kernels;
extern const LossKernels loss_kernels;
extern const RandomKernels random_kernels;
extern const OptimizerKernels optimizer_kernels;
extern const ProbeKernels probe_kernels;
extern const Table table;
const Table table = {FASTCNN_NAME(ISA),   &gemm_kernels,   &conv_kernels,  &depthwise_kernels,  &pool_kernels,
                     &resize_kernels,     &image_kernels,  &norm_kernels,  &activation_kernels, &softmax_kernels,
                     &arithmetic_kernels, &reduce_kernels, &shape_kernels, &loss_kernels,       &random_kernels,
                     &optimizer_kernels,  &probe_kernels};

}  // namespace ISA
}  // namespace fastcnn
