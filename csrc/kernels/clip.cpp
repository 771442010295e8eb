// Clipping of gradients, and the norm that decides on it: sums of squares in double, in which the square of a float is
// exact, so every ISA has the same bits. Sixteen accumulators; chunks by the size alone, added in index order.
#include "optimizer.h"
#include "optimizer_pass.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kHalf = kLanes / 2;
typedef double dvec __attribute__((vector_size(kLanes * 4)));  // kHalf lanes
typedef float half_unaligned __attribute__((vector_size(kLanes * 2), aligned(4), may_alias));

struct Sixteen {
  dvec v[kWide / kHalf];
};

inline void add_squares(Sixteen& sum, const float* x) {
  for (int j = 0; j < kWide / kHalf; j++) {
    dvec d = __builtin_convertvector(*(const half_unaligned*)(x + j * kHalf), dvec);
    sum.v[j] += d * d;
  }
}

double sum_chunk(const float* x, int64_t size) {
  Sixteen sum{};
  int64_t i = 0;
  for (; i + kWide <= size; i += kWide) {
    __builtin_prefetch(x + i + kAhead);
    add_squares(sum, x + i);
  }
  if (i < size) {
    float rest[kWide] = {};
    memcpy(rest, x + i, (size_t)(size - i) * sizeof(float));
    add_squares(sum, rest);
  }
  double lanes[kWide];
  memcpy(lanes, sum.v, sizeof lanes);
  for (int half = kWide / 2; half > 0; half /= 2)
    for (int j = 0; j < half; j++) lanes[j] += lanes[j + half];
  return lanes[0];
}

template <class F>
void map(float* y, const float* x, int64_t size, F f) {
  parallel_ranges(size, kLeaf, size / 16 * 2, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes) f(Whole{}, y + i, x + i);
    if (i < end) f(First{(int)(end - i)}, y + i, x + i);
  });
}

}  // namespace

double sum_of_squares(const float* x, int64_t size) {
  int64_t length = chunk_length(size), chunks = (size + length - 1) / length;
  double partial[kMaxChunks];
  parallel_for(chunks, size / 16, [&](int64_t chunk) {
    int64_t begin = chunk * length, left = size - begin;
    partial[chunk] = sum_chunk(x + begin, left < length ? left : length);
  });
  double sum = 0;
  for (int64_t chunk = 0; chunk < chunks; chunk++) sum += partial[chunk];
  return sum;
}

void moving_average(float* average, const float* w, int64_t size, float rest) {
  map(average, w, size, [=](auto at, float* y, const float* x) {
    vec a = at.get(y);
    at.put(y, fma(at.get(x) - a, splat(rest), a));
  });
}

void scale(float* y, const float* x, int64_t size, float factor) {
  map(y, x, size, [=](auto at, float* y, const float* x) { at.put(y, at.get(x) * splat(factor)); });
}

}  // namespace ISA
}  // namespace fastcnn
