// What conv.cpp's table sends elsewhere: conv_grad.cpp, winograd.cpp, winograd_grad.cpp.
#pragma once
#include "conv.h"

namespace fastcnn {
namespace ISA {

size_t dw_workspace(const Conv2d& g, int threads);
void dw_direct(float* dw, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads);

// dw = partial 0 + partial 1 + ..., in this order; partials lie `stride` floats apart.
void add_partials(float* dw, const float* partials, int64_t size, int64_t stride, int64_t count);

size_t winograd_workspace(const Conv2d& g, ConvPass pass, int threads);
void winograd_forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                      char* workspace, int threads);
void winograd_dx(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                 char* workspace, int threads);
size_t winograd_dw_workspace(const Conv2d& g, int threads);
void winograd_dw(float* dw, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads);

}  // namespace ISA
}  // namespace fastcnn
