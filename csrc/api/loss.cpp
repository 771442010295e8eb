#include "fastcnn/loss.h"

#include "api/check.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

int64_t common(Check& check, int64_t n, int64_t c, const float* x, const float* loss, float scale) {
  check.positive("c", c);
  int64_t size = check.count("x", {n, c});
  check.finite("scale", scale).pointer("x", x, size).pointer("loss", loss, n);
  return check.failed() ? 0 : size;
}

void smoothing(Check& check, float s) {
  check.that(s >= 0 && s <= 1, "label_smoothing must be between 0 and 1, got %g", (double)s);
}

}  // namespace

fastcnn_status fastcnn_sparse_cross_entropy(const fastcnn_cross_entropy_options* options, int64_t n, int64_t c,
                                            const float* x, const int64_t* labels, const float* weights, float* loss,
                                            float* dx) {
  Check check("sparse_cross_entropy");
  if (check.pointer("options", options).failed()) return check.status();
  int64_t size = common(check, n, c, x, loss, options->scale);
  smoothing(check, options->label_smoothing);
  check.pointer("labels", labels, n);
  if (check.failed() || size == 0) return check.status();
  int64_t wrong = 0;
  for (int64_t i = 0; i < n; i++) wrong += (uint64_t)labels[i] >= (uint64_t)c;
  for (int64_t i = 0; wrong && i < n && !check.failed(); i++)
    check.that((uint64_t)labels[i] < (uint64_t)c, "labels must be between 0 and %lld, got %lld at index %lld",
               (long long)(c - 1), (long long)labels[i], (long long)i);
  if (!check.failed())
    kernels().loss->cross_entropy(loss, dx, x, labels, nullptr, weights, options->scale, options->label_smoothing, n, c,
                                  !options->from_probabilities);
  return check.status();
}

fastcnn_status fastcnn_cross_entropy(const fastcnn_cross_entropy_options* options, int64_t n, int64_t c, const float* x,
                                     const float* targets, const float* weights, float* loss, float* dx) {
  Check check("cross_entropy");
  if (check.pointer("options", options).failed()) return check.status();
  int64_t size = common(check, n, c, x, loss, options->scale);
  smoothing(check, options->label_smoothing);
  check.pointer("targets", targets, size);
  if (!check.failed() && size > 0)
    kernels().loss->cross_entropy(loss, dx, x, nullptr, targets, weights, options->scale, options->label_smoothing, n,
                                  c, !options->from_probabilities);
  return check.status();
}

fastcnn_status fastcnn_pointwise(fastcnn_pointwise_loss kind, float parameter, float scale, int64_t n, int64_t c,
                                 const float* x, const float* t, const float* weights, float* loss, float* dx) {
  Check check("pointwise");
  check.range("kind", kind, 0, FASTCNN_LOSS_COUNT - 1);
  int64_t size = common(check, n, c, x, loss, scale);
  check.pointer("t", t, size);
  if (kind <= FASTCNN_LOSS_BINARY_PROBABILITIES) smoothing(check, parameter);
  if (kind == FASTCNN_LOSS_HUBER)
    check.that(parameter > 0 && parameter <= 3.4e38f, "delta must be positive and finite, got %g", (double)parameter);
  if (!check.failed() && size > 0) kernels().loss->pointwise(loss, dx, x, t, weights, scale, kind, parameter, n, c);
  return check.status();
}
