// y = x > 0 ? x : alpha[channel] x over rows of c channels.
//
// dalpha[channel] = sum over rows of dy x where x <= 0: leaves of 64 rows, added to their chunk's sum, the chunks added
// in order. Their bounds depend on the shape alone. Rows are the inner loop of a leaf: one accumulator a vector of
// channels, and the leaf's lines stay in cache while the channels pass.
#include "activation_functions.h"
#include "activation_parts.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLeaf = 64, kMostChunks = 64;

int64_t chunk_rows(int64_t rows, int64_t c) {
  int64_t least = (16384 + c - 1) / c, even = (rows + kMostChunks - 1) / kMostChunks;
  int64_t wanted = least > even ? least : even;
  return (wanted + kLeaf - 1) / kLeaf * kLeaf;
}

int64_t chunk_count(int64_t rows, int64_t c) { return (rows + chunk_rows(rows, c) - 1) / chunk_rows(rows, c); }

// One leaf: rows of one vector of channels.
vec leaf(float* dx, const float* dy, const float* x, vec alpha, int64_t rows, int64_t c, int lanes) {
  vec sum = zero();
  for (int64_t row = 0; row < rows; row++) {
    vec g = load_first(dy + row * c, lanes), a = load_first(x + row * c, lanes);
    ivec positive = a > zero();
    store_first(dx + row * c, select(positive, g, select(is_nan(a), a, alpha * g)), lanes);
    sum += select(positive, zero(), g * a);
  }
  return sum;
}

}  // namespace

void prelu_forward(float* y, const float* x, const float* alpha, int64_t rows, int64_t c) {
  bool past = y != x && streams(y, rows * c, c);
  auto f = [](vec a, vec slope) { return select(a > zero(), a, slope * a); };
  parallel_ranges(rows, 16, rows * ((c + 15) / 16), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* from = x + row * c;
      float* to = y + row * c;
      int64_t i = 0;
      for (; i + kLanes <= c; i += kLanes) {
        __builtin_prefetch(from + i + kAhead);
        put(to + i, f(load(from + i), load(alpha + i)), past);
      }
      int n = (int)(c - i);
      if (n) store_first(to + i, f(load_first(from + i, n), load_first(alpha + i, n)), n);
    }
    if (past) stream_fence();
  });
}

int64_t prelu_scratch(int64_t rows, int64_t c) { return chunk_count(rows, c) * c; }

void prelu_backward(float* dx, float* dalpha, const float* dy, const float* x, const float* alpha, float* scratch,
                    int64_t rows, int64_t c) {
  int64_t chunks = chunk_count(rows, c), chunk = chunk_rows(rows, c);
  parallel_for(chunks, rows * ((c + 15) / 16) * 2, [&](int64_t t) {
    float* partial = scratch + t * c;
    for (int64_t i = 0; i < c; i++) partial[i] = 0;
    int64_t end = (t + 1) * chunk < rows ? (t + 1) * chunk : rows;
    for (int64_t row = t * chunk; row < end; row += kLeaf)
      for (int64_t i = 0; i < c; i += kLanes) {
        int lanes = c - i < kLanes ? (int)(c - i) : kLanes;
        int64_t at = row * c + i, count = end - row < kLeaf ? end - row : kLeaf;
        vec sum = leaf(dx + at, dy + at, x + at, load_first(alpha + i, lanes), count, c, lanes);
        store_first(partial + i, load_first(partial + i, lanes) + sum, lanes);
      }
  });
  for (int64_t i = 0; i < c; i++) dalpha[i] = 0;
  for (int64_t t = 0; t < chunks; t++)
    for (int64_t i = 0; i < c; i++) dalpha[i] += scratch[t * c + i];
}

}  // namespace ISA
}  // namespace fastcnn
