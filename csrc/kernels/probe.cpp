// The two limits of this machine. Multiply-adds: twelve independent chains per thread hide a latency of up to six
// cycles on two ports and leave registers for the operands. Copy: each thread moves one contiguous run, read once,
// written once.
#include "probe.h"

#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kChains = 12;

__attribute__((noinline)) float chains(int64_t rounds, vec factor, vec term) {
  vec sum[kChains];
  for (int i = 0; i < kChains; i++) sum[i] = splat((float)i);
  for (int64_t round = 0; round < rounds; round++) {
#pragma GCC unroll 12
    for (int i = 0; i < kChains; i++) sum[i] = fma(sum[i], factor, term);
  }
  for (int i = 1; i < kChains; i++) sum[0] += sum[i];
  return sum[0][0];
}

float multiply_add(int threads, int64_t rounds) {
  float result = 0;
  parallel_tasks(threads, threads, [&](int64_t task, int) {
    float sum = chains(rounds, splat(0.999f), splat(1e-3f));  // towards 1: no denormals, no infinities
    if (task == 0) result = sum;
  });
  return result;
}

void copy(float* y, const float* x, int64_t size, int threads, bool streaming) {
  int64_t vectors = size / kLanes;
  parallel_tasks(threads, threads, [&](int64_t task, int) {
    int64_t begin = vectors * task / threads * kLanes, end = vectors * (task + 1) / threads * kLanes;
    if (streaming)
      for (int64_t i = begin; i < end; i += kLanes) stream(y + i, load(x + i));
    else
      for (int64_t i = begin; i < end; i += kLanes) store(y + i, load(x + i));
    stream_fence();
  });
}

}  // namespace

extern const ProbeKernels probe_kernels;
const ProbeKernels probe_kernels = {multiply_add, (int64_t)kChains* kLanes, copy};

}  // namespace ISA
}  // namespace fastcnn
