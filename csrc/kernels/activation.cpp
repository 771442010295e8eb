// y = f(x), elementwise: bound by memory, so one pass, vectors of floats, the tail with the same instructions masked.
#include "activation.h"

#include "apply_activation.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kGrain = 1024;  // floats; a multiple of every vector width, so tails stay at the end

template <class F>
void map(float* y, const float* x, int64_t size, F f) {
  parallel_ranges(size, kGrain, size / 16, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) store(y + i, f(load(x + i)));
    if (i < end) store_first(y + i, f(load_first(x + i, (int)(end - i))), (int)(end - i));
  });
}

vec relu(vec x) { return max(zero(), x); }

void forward(float* y, const float* x, int64_t size, fastcnn_activation f, float alpha) {
  (void)f, (void)alpha;
  map(y, x, size, relu);
}

}  // namespace

void apply_activation(float* row, int64_t n, fastcnn_activation f, float alpha) {
  (void)alpha;
  for (int64_t i = 0; i < n; i += kLanes) {
    int left = n - i < kLanes ? (int)(n - i) : kLanes;
    vec x = load_first(row + i, left);
    if (f == FASTCNN_RELU) x = max(zero(), x);
    if (f == FASTCNN_RELU6) x = min(splat(6), max(zero(), x));
    store_first(row + i, x, left);
  }
}

extern const ActivationKernels activation_kernels;
const ActivationKernels activation_kernels = {forward, nullptr};

}  // namespace ISA
}  // namespace fastcnn
