// y = f(x), elementwise: bound by memory, so one pass.
#include "activation.h"

#include "activation_functions.h"
#include "activation_parts.h"
#include "apply_activation.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

// On one thread, whichever f is.
void activate(float* y, const float* x, int64_t size, bool past, fastcnn_activation f, float alpha) {
  with_activation(f, alpha, [&](auto function) { map_run(y, size, past, function, x); });
}

void forward(float* y, const float* x, int64_t size, fastcnn_activation f, float alpha) {
  int cost = f <= FASTCNN_LEAKY_RELU ? 1 : 8;  // in loads and stores of a vector
  bool past = y != x && streams(y, size);
  parallel_ranges(size, kGrain, size / 16 * cost,
                  [&](int64_t begin, int64_t end) { activate(y + begin, x + begin, end - begin, past, f, alpha); });
}

void elementary(float* y, const float* x, int64_t size, fastcnn_function f) {
  bool past = y != x && streams(y, size);
  parallel_ranges(size, kGrain, size / 16 * 8, [&](int64_t begin, int64_t end) {
    auto run = [&](auto function) { map_run(y + begin, end - begin, past, function, x + begin); };
    switch (f) {
      case FASTCNN_FUNCTION_EXP:
        return run([](vec a) { return exp(a); });
      case FASTCNN_FUNCTION_EXPM1:
        return run([](vec a) { return expm1(a); });
      case FASTCNN_FUNCTION_LOG:
        return run([](vec a) { return log(a); });
      case FASTCNN_FUNCTION_LOG1P:
        return run([](vec a) { return log1p(a); });
      default:
        return run([](vec a) { return erf(a); });
    }
  });
}

}  // namespace

void apply_activation(float* row, int64_t n, fastcnn_activation f, float alpha) {
  if (f == FASTCNN_LINEAR) return;
  activate(row, row, n, false, f, alpha);
}

extern const ActivationKernels activation_kernels;
const ActivationKernels activation_kernels = {forward,       activation_backward, elementary,     prelu_forward,
                                              prelu_scratch, prelu_backward,      maxout_forward, maxout_backward};

}  // namespace ISA
}  // namespace fastcnn
