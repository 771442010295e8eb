// What the files of the activation family give to the table in activation.cpp.
#pragma once
#include "activation.h"
#include "stream.h"

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

}  // namespace ISA
}  // namespace fastcnn
