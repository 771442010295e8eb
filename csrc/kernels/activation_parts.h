// What the files of the activation family give to the table in activation.cpp.
#pragma once
#include "activation.h"
#include "stream.h"

namespace fastcnn {
namespace ISA {

constexpr int64_t kGrain = 1024;  // floats; a multiple of every vector width, so tails stay at the end

// Vectors that are computed side by side: a chain of dependent instructions takes as long as ten loads.
constexpr int kSide = kLanes > 4 ? 4 : 1;

// y[i] = f(in[i], ...) on one thread. Not inlined: a loop for each function, not one for each of its callers.
template <class F, class... In>
__attribute__((noinline)) void map_run(float* y, int64_t size, bool past, F f, const In*... in) {
  int64_t i = 0;
  for (; i + kSide * kLanes <= size; i += kSide * kLanes) {
    for (int u = 0; u < kSide; u += 16 / kLanes) (__builtin_prefetch(in + i + u * kLanes + kAhead), ...);
    vec v[kSide];
#pragma GCC unroll 4
    for (int u = 0; u < kSide; u++) v[u] = f(load(in + i + u * kLanes)...);
#pragma GCC unroll 4
    for (int u = 0; u < kSide; u++) put(y + i + u * kLanes, v[u], past);
  }
  for (; i < size; i += kLanes) {
    int n = size - i < kLanes ? (int)(size - i) : kLanes;
    store_first(y + i, f(load_first(in + i, n)...), n);
  }
  if (past) stream_fence();
}

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
