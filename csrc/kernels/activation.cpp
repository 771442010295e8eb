// y = f(x), elementwise: bound by memory, so one pass, vectors of floats, the tail with the same instructions masked.
#include "activation.h"

#include "activation_functions.h"
#include "activation_parts.h"
#include "apply_activation.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kGrain = 1024;  // floats; a multiple of every vector width, so tails stay at the end

// On one thread. Not inlined: a loop for each activation, not one for each of its callers.
template <class F>
__attribute__((noinline)) void map_run(float* y, const float* x, int64_t size, bool past, F f) {
  int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) put(y + i, f(load(x + i)), past);
  if (i < size) store_first(y + i, f(load_first(x + i, (int)(size - i))), (int)(size - i));
  if (past) stream_fence();
}

template <class F>
void map(float* y, const float* x, int64_t size, int cost, F f) {
  bool past = y != x && streams(y, size);
  parallel_ranges(size, kGrain, size / 16 * cost,
                  [&](int64_t begin, int64_t end) { map_run(y + begin, x + begin, end - begin, past, f); });
}

void forward(float* y, const float* x, int64_t size, fastcnn_activation f, float alpha) {
  int cost = f <= FASTCNN_LEAKY_RELU ? 1 : 8;  // in loads and stores of a vector
  with_activation(f, alpha, [&](auto function) { map(y, x, size, cost, function); });
}

void elementary(float* y, const float* x, int64_t size, fastcnn_function f) {
  switch (f) {
    case FASTCNN_FUNCTION_EXP:
      return map(y, x, size, 8, [](vec a) { return exp(a); });
    case FASTCNN_FUNCTION_EXPM1:
      return map(y, x, size, 8, [](vec a) { return expm1(a); });
    case FASTCNN_FUNCTION_LOG:
      return map(y, x, size, 8, [](vec a) { return log(a); });
    case FASTCNN_FUNCTION_LOG1P:
      return map(y, x, size, 8, [](vec a) { return log1p(a); });
    default:
      return map(y, x, size, 8, [](vec a) { return erf(a); });
  }
}

}  // namespace

void apply_activation(float* row, int64_t n, fastcnn_activation f, float alpha) {
  if (f == FASTCNN_LINEAR) return;
  with_activation(f, alpha, [&](auto function) { map_run(row, row, n, false, function); });
}

extern const ActivationKernels activation_kernels;
const ActivationKernels activation_kernels = {forward,       activation_backward, elementary,     prelu_forward,
                                              prelu_scratch, prelu_backward,      maxout_forward, maxout_backward};

}  // namespace ISA
}  // namespace fastcnn
