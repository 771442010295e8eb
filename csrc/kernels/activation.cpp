// y = f(x), elementwise: bound by memory, so one pass.
#include "activation.h"

#include "activation_functions.h"
#include "activation_parts.h"
#include "apply_activation.h"
#include "runtime/parallel.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kEnds = 1024;  // floats of the ends of rows that are computed together

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

// The ends of rows, which are no whole step, are computed together, side by side.
void apply_activation(float* rows, int64_t count, int64_t width, int64_t step, fastcnn_activation f, float alpha) {
  if (f == FASTCNN_LINEAR) return;
  if (width == step) width *= count, count = 1;
  const int64_t whole = count > 1 ? width / kStep * kStep : width;
  for (int64_t i = 0; i < count && whole; i++) activate(rows + i * step, rows + i * step, whole, false, f, alpha);
  if (whole == width) return;
  alignas(64) float ends[kEnds];
  const int64_t padded = ceil_div(width - whole, kLanes) * kLanes, each = kEnds / padded;
  for (int64_t first = 0; first < count; first += each) {
    const int64_t n = least(each, count - first);
    auto every = [&](auto whole_vector, auto part) {
      for (int64_t i = 0; i < n; i++) {
        float *end = ends + i * padded, *row = rows + (first + i) * step + whole;
        int64_t j = 0;
        for (; j + kLanes <= width - whole; j += kLanes) whole_vector(end + j, row + j);
        if (j < width - whole) part(end + j, row + j, (int)(width - whole - j));
      }
    };
    every([](float* end, const float* row) { store(end, load(row)); },
          [](float* end, const float* row, int live) { store(end, load_first(row, live)); });
    activate(ends, ends, n * padded, false, f, alpha);
    every([](const float* end, float* row) { store(row, load(end)); },
          [](const float* end, float* row, int live) { store_first(row, load(end), live); });
  }
}

extern const ActivationKernels activation_kernels;
const ActivationKernels activation_kernels = {forward,       activation_backward, elementary,     prelu_forward,
                                              prelu_scratch, prelu_backward,      maxout_forward, maxout_backward};

}  // namespace ISA
}  // namespace fastcnn
