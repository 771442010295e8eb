#pragma once
namespace fastcnn {
struct ConvKernels {};
}  // namespace fastcnn
