#include <math.h>
#include <string.h>

#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

// The checks that all generators share: a place in the stream, a size, somewhere to write.
Check place(const char* function, const fastcnn_random* random, int64_t size, const void* y, int64_t element_bytes) {
  Check check(function);
  check.pointer("random", random).count("size", &size, 1, element_bytes);
  if (check.failed()) return check;
  check.not_negative("offset", random->offset)
      .that(checked_sum(random->offset, size) >= 0, "offset + size must fit 64 bits, got offset %lld and size %lld",
            (long long)random->offset, (long long)size);
  check.pointer("y", y, size);
  return check;
}

fastcnn_status bell(const char* function, const fastcnn_random* random, float mean, float stddev, int64_t size,
                    float* y, void (*kernel)(float*, fastcnn_random, int64_t, float, float)) {
  Check check = place(function, random, size, y, sizeof(float));
  check.finite("mean", mean)
      .finite("stddev", stddev)
      .that(stddev >= 0, "stddev must be at least 0, got %g", (double)stddev);
  if (!check.failed() && size > 0) kernel(y, *random, size, mean, stddev);
  return check.status();
}

// Of the 2^32 words, those below round(probability * 2^32) are hits.
uint64_t hits(double probability) { return (uint64_t)(probability * 0x1p32 + 0.5); }

Check probability(const char* function, const char* name, const fastcnn_random* random, double p, int64_t size,
                  const float* y) {
  Check check = place(function, random, size, y, sizeof(float));
  check.that(p >= 0 && p <= 1, "%s must be between 0 and 1, got %g", name, p);
  return check;
}

// At a rate of 1 nothing is kept and nothing need be scaled.
float kept_scale(double rate) { return rate < 1 ? (float)(1 / (1 - rate)) : 0.0f; }

}  // namespace

fastcnn_status fastcnn_philox(uint64_t seed, uint64_t stream, uint64_t first, int64_t blocks, uint32_t* words) {
  Check check("philox");
  int64_t dims[] = {blocks, 4};
  check.count("blocks", dims);
  check.pointer("words", words, blocks);
  if (!check.failed() && blocks > 0) kernels().random->blocks(words, seed, stream, first, blocks);
  return check.status();
}

fastcnn_status fastcnn_random_uniform(const fastcnn_random* random, float low, float high, int64_t size, float* y) {
  Check check = place("uniform", random, size, y, sizeof(float));
  check.finite("low", low).finite("high", high).finite("high - low", high - low);
  check.that(low <= high, "low must be at most high, got low %g and high %g", (double)low, (double)high);
  if (check.failed() || size == 0) return check.status();
  // low + u (high - low) may round up to high itself.
  float top = low < high ? nextafterf(high, low) : low;
  kernels().random->uniform(y, *random, size, low, high - low, top);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_random_normal(const fastcnn_random* random, float mean, float stddev, int64_t size, float* y) {
  return bell("normal", random, mean, stddev, size, y, kernels().random->normal);
}

fastcnn_status fastcnn_random_truncated_normal(const fastcnn_random* random, float mean, float stddev, int64_t size,
                                               float* y) {
  return bell("truncated_normal", random, mean, stddev, size, y, kernels().random->truncated_normal);
}

fastcnn_status fastcnn_random_bernoulli(const fastcnn_random* random, double p, int64_t size, float* y) {
  Check check = probability("bernoulli", "p", random, p, size, y);
  if (check.failed() || size == 0) return check.status();
  if (hits(p) == 0)
    memset(y, 0, (size_t)size * sizeof(float));
  else
    kernels().random->bernoulli(y, *random, size, (uint32_t)(hits(p) - 1));
  return FASTCNN_OK;
}

fastcnn_status fastcnn_random_integers(const fastcnn_random* random, int64_t low, int64_t high, int64_t size,
                                       int64_t* y) {
  Check check = place("integers", random, size, y, sizeof(int64_t));
  check.that(low < high, "low must be less than high, got low %lld and high %lld", (long long)low, (long long)high);
  if (!check.failed() && size > 0) kernels().random->integers(y, *random, size, low, (uint64_t)high - (uint64_t)low);
  return check.status();
}

fastcnn_status fastcnn_random_permutation(const fastcnn_random* random, int64_t n, int64_t* y) {
  Check check = place("permutation", random, n, y, sizeof(int64_t));
  if (!check.failed() && n > 0) kernels().random->permutation(y, *random, n);
  return check.status();
}

fastcnn_status fastcnn_dropout(const fastcnn_random* random, double rate, int64_t size, const float* x, float* y) {
  Check check = probability("dropout", "rate", random, rate, size, y);
  check.pointer("x", x, size);
  if (check.failed() || size == 0) return check.status();
  if (hits(rate) == 0)
    memmove(y, x, (size_t)size * sizeof(float));
  else
    kernels().random->dropout(y, x, *random, size, (uint32_t)(hits(rate) - 1), kept_scale(rate));
  return FASTCNN_OK;
}

fastcnn_status fastcnn_dropout_channels(const fastcnn_random* random, double rate, int64_t n, int64_t pixels, int64_t c,
                                        const float* x, float* y) {
  Check shape("dropout");
  int64_t size = shape.count("the shape of x", {n, pixels, c});
  if (shape.failed()) return shape.status();
  Check check = probability("dropout", "rate", random, rate, size, y);
  check.pointer("x", x, size);
  if (check.failed() || size == 0) return check.status();
  if (hits(rate) == 0)
    memmove(y, x, (size_t)size * sizeof(float));
  else
    kernels().random->dropout_channels(y, x, *random, n, pixels, c, (uint32_t)(hits(rate) - 1), kept_scale(rate));
  return FASTCNN_OK;
}
