// One ISA's kernels. Above the kernel folder nothing knows which ISA runs; it says kernels().pool->max_pool(...).
#pragma once
#include "activation.h"
#include "arithmetic.h"
#include "conv.h"
#include "depthwise.h"
#include "gemm.h"
#include "image.h"
#include "loss.h"
#include "norm.h"
#include "optimizer.h"
#include "pool.h"
#include "probe.h"
#include "random.h"
#include "reduce.h"
#include "resize.h"
#include "shape.h"
#include "softmax.h"

namespace fastcnn {

struct Table {
  const char* isa;
  const GemmKernels* gemm;
  const ConvKernels* conv;
  const DepthwiseKernels* depthwise;
  const PoolKernels* pool;
  const ResizeKernels* resize;
  const ImageKernels* image;
  const NormKernels* norm;
  const ActivationKernels* activation;
  const SoftmaxKernels* softmax;
  const ArithmeticKernels* arithmetic;
  const ReduceKernels* reduce;
  const ShapeKernels* shape;
  const LossKernels* loss;
  const RandomKernels* random;
  const OptimizerKernels* optimizer;
  const ProbeKernels* probe;
};

}  // namespace fastcnn
