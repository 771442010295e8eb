// What the files of the activation family give to the table in activation.cpp.
#pragma once
#include "activation.h"
#include "stream.h"

namespace fastcnn {
namespace ISA {

constexpr int64_t kGrain = 1024;  // floats; a multiple of every vector width, so tails stay at the end

// Vectors that are computed side by side: a chain of dependent instructions takes as long as ten loads.
constexpr int kSide = kLanes > 4 ? 4 : 1;

// The first n floats of a step, which has kSide vectors.
constexpr int64_t kStep = kSide * kLanes;
[[maybe_unused]] static __attribute__((noinline)) void copy_step(float* to, const float* from, int64_t n) {
  for (; n > 0; n -= kLanes, to += kLanes, from += kLanes) {
    int lanes = n < kLanes ? (int)n : kLanes;
    store_first(to, load_first(from, lanes), lanes);
  }
}

// y[i] = f(in[i], ...) on one thread. Not inlined: a loop for each function, not one for each of its callers. What is
// left over makes a step on the stack, so that f is compiled once.
template <class F, class... In>
__attribute__((noinline)) void map_run(float* y, int64_t size, bool past, F f, const In*... in) {
  int64_t i = 0;
  for (; i + kStep <= size; i += kStep) {
#pragma GCC unroll 4
    for (int u = 0; u < kSide; u += 16 / kLanes) (__builtin_prefetch(in + i + u * kLanes + kAhead), ...);
    vec v[kSide];
#pragma GCC unroll 4
    for (int u = 0; u < kSide; u++) v[u] = f(load(in + i + u * kLanes)...);
#pragma GCC unroll 4
    for (int u = 0; u < kSide; u++) put(y + i + u * kLanes, v[u], past);
  }
  if (past) stream_fence();
  if (i == size) return;
  float rest[1 + sizeof...(In)][kStep] = {};
  int k = 0;
  ((copy_step(rest[++k], in + i, size - i), in = rest[k]), ...);
  map_run(rest[0], kStep, false, f, in...);
  copy_step(y + i, rest[0], size - i);
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
