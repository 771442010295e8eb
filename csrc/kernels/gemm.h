#pragma once
namespace fastcnn {
struct GemmKernels {};
}  // namespace fastcnn
