// What the files of the activation family give to the table in activation.cpp.
#pragma once
#include "activation.h"

namespace fastcnn {
namespace ISA {

void activation_backward(float* dx, const float* dy, const float* x, int64_t size, fastcnn_activation f, float alpha);
void prelu_forward(float* y, const float* x, const float* alpha, int64_t rows, int64_t c);
int64_t prelu_scratch(int64_t rows, int64_t c);
void prelu_backward(float* dx, float* dalpha, const float* dy, const float* x, const float* alpha, float* scratch,
                    int64_t rows, int64_t c);
void maxout_forward(float* y, const float* x, int64_t outer, int64_t units, int64_t pieces, int64_t inner);
void maxout_backward(float* dx, const float* dy, const float* x, int64_t outer, int64_t units, int64_t pieces,
                     int64_t inner);

// Past the last-level cache a store that fetches the old line first costs a third of the traffic; but only whole,
// aligned vectors can be streamed.
constexpr int64_t kStreamFrom = int64_t(1) << 22;  // floats
static inline bool streams(const float* y, int64_t size) { return size >= kStreamFrom && (uintptr_t)y % 64 == 0; }

}  // namespace ISA
}  // namespace fastcnn
