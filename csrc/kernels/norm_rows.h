// How x, viewed as (n, rows, c), is cut for batch and group normalisation, and the sums per channel over its rows.
//
// Nothing is empty here. Narrow rows waste lanes, so `fold` consecutive rows are read as one wide row of fold * c
// floats. The wide rows of a sample are cut in chunks, by shape alone: a chunk is a task, its sums are one entry of the
// partial sums, and these are added in order. Rows that are left over by the fold are a last chunk of width c.
#pragma once
#include "lanes.h"
#include "norm.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

constexpr int64_t kStrip = 512;          // channels whose sums stay in the L1 cache while the rows stream past
constexpr int64_t kLeafRows = 64;        // rows summed in float before the sum moves on to double
constexpr int64_t kChunkFloats = 32768;  // at least so many in a chunk, or the partial sums cost too much
constexpr int64_t kMostChunks = 64;

struct RowPlan {
  int64_t n, rows, c;
  int64_t fold, width, wide_rows;  // of one sample: rows = wide_rows * fold + tail
  int64_t chunk_rows, chunks;
  int64_t tail() const { return rows - wide_rows * fold; }
  int64_t padded() const { return (width + 15) / 16 * 16; }  // floats of one array of per-channel numbers
  int64_t sums() const { return 2 * (chunks * width + c); }  // doubles: partial sums of one sample
};

static inline RowPlan plan_rows(const NormShape& s) {
  RowPlan p{s.n, s.rows, s.c, 1, 0, 0, 0, 0};
  while (!s.x_row && 2 * p.fold <= s.rows && (p.fold * s.c < 64 || (p.fold * s.c % 16 && p.fold * s.c < 256)))
    p.fold *= 2;
  p.width = p.fold * s.c;
  p.wide_rows = s.rows / p.fold;
  int64_t least = kChunkFloats / p.width + 1, share = (p.wide_rows + kMostChunks - 1) / kMostChunks;
  p.chunk_rows = ((least > share ? least : share) + kLeafRows - 1) / kLeafRows * kLeafRows;
  p.chunks = (p.wide_rows + p.chunk_rows - 1) / p.chunk_rows;
  return p;
}

enum class Walk { forth, back };

struct Chunk {
  int64_t sample, index;
  int64_t offset;  // of its first float
  int64_t rows, width;
};

// f(chunk) for all of them; a thread takes a contiguous run. Walked back by a second pass, it begins with what the
// first one has left in the caches.
template <class F>
static void for_chunks(const RowPlan& p, Walk walk, F f) {
  int64_t each = p.chunks ? p.chunks : 1;
  parallel_ranges(p.n * each, 1, p.n * p.rows * p.c / 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      int64_t task = walk == Walk::forth ? i : begin + end - 1 - i;
      int64_t sample = task / each, k = task % each, base = sample * p.rows * p.c;
      if (k < p.chunks) {
        int64_t first = k * p.chunk_rows, left = p.wide_rows - first;
        f(Chunk{sample, k, base + first * p.width, left < p.chunk_rows ? left : p.chunk_rows, p.width});
      }
      if (k == each - 1 && p.tail()) f(Chunk{sample, p.chunks, base + p.wide_rows * p.width, p.tail(), p.c});
    }
  });
}

// f(a, b, rows) for every run of c partial sums of one sample, in order.
template <class F>
static void for_sums(const RowPlan& p, const double* sums, F f) {
  for (int64_t k = 0; k <= p.chunks; k++) {
    bool whole = k < p.chunks;
    int64_t left = p.wide_rows - k * p.chunk_rows, width = whole ? p.width : p.c;
    int64_t rows = !whole ? p.tail() : left < p.chunk_rows ? left : p.chunk_rows;
    const double* a = sums + 2 * k * p.width;
    for (int64_t i = 0; rows && i < width; i += p.c) f(a + i, a + width + i, (double)rows);
  }
}

static inline __attribute__((always_inline)) void put_some(float* p, vec v, int lanes, bool past_caches) {
  past_caches ? stream(p, v) : store_some(p, v, lanes);
}
// Whether the rows of a chunk of a large array are written past the caches.
static inline bool streams(const float* array, const RowPlan& p, const Chunk& chunk) {
  return streams(array, p.n * p.rows * p.c) && streams(array + chunk.offset, kStreamFrom / 4, chunk.width);
}

// Sums read a few rows side by side: they ask for whole rows ahead.
static inline int64_t rows_ahead(int64_t width) { return width < kAhead / 4 ? kAhead / width : 4; }

// a[i], b[i] += two sums over rows [r, end), for each of `size` channels. Inlined into its caller it runs out of
// registers.
template <class Term>
static __attribute__((noinline)) void reduce_leaf(double* a, double* b, int64_t r, int64_t end, int64_t size,
                                                  const Term& term) {
  alignas(64) float s[kStrip] = {}, q[kStrip] = {};
  auto add = [&](int64_t i, int lanes, int count) __attribute__((always_inline)) {
    vec si = load(s + i), qi = load(q + i);
    for (int u = 0; u < count; u++) term.add(si, qi, r + u, i, lanes);
    store(s + i, si);
    store(q + i, qi);
  };
  for (; r + 4 <= end; r += 4)
    for_lanes(
        size, [&](int64_t i, int lanes) __attribute__((always_inline)) { add(i, lanes, 4); });
  for (; r < end; r++)
    for_lanes(
        size, [&](int64_t i, int lanes) __attribute__((always_inline)) { add(i, lanes, 1); });
  for (int64_t i = 0; i < size; i++) a[i] += s[i], b[i] += q[i];
}

// sums[t] = of each of `count` terms, two sums over the rows of a chunk, for each of its `width` channels: all of the
// first, then all of the second. A term adds one row's share:
//   term.start(strip, size, rows); term.add(s, q, row, i, lanes); term.finish(a, b, size, rows)
// with i counted from the strip. Rows run inside strips, four at a time, so that all reads are long contiguous ones;
// terms take turns, so that what they all read comes from memory once.
template <class Term>
static void reduce_rows(double* const* sums, int64_t rows, int64_t width, Term* terms, int count) {
  for (int64_t strip = 0; strip < width; strip += kStrip) {
    int64_t size = width - strip < kStrip ? width - strip : kStrip;
    for (int t = 0; t < count; t++) {
      terms[t].start(strip, size, rows);
      for (int64_t i = strip; i < strip + size; i++) sums[t][i] = sums[t][width + i] = 0;
    }
    for (int64_t leaf = 0; leaf < rows; leaf += kLeafRows)
      for (int t = 0; t < count; t++)
        reduce_leaf(sums[t] + strip, sums[t] + width + strip, leaf, rows - leaf < kLeafRows ? rows : leaf + kLeafRows,
                    size, terms[t]);
    for (int t = 0; t < count; t++) terms[t].finish(sums[t] + strip, sums[t] + width + strip, size, rows);
  }
}

// The workspace: of every sample, partial sums, 2c totals in double, and padded arrays of float.
constexpr int kNumbers = 6;
struct NormWorkspace {
  RowPlan plan;
  char* memory;
  static size_t bytes(const RowPlan& p) {
    return (size_t)p.n *
           ((size_t)(p.sums() + 2 * p.c) * sizeof(double) + (size_t)(kNumbers * p.padded()) * sizeof(float));
  }
  float* numbers(int64_t sample, int which) const {
    return (float*)memory + (sample * kNumbers + which) * plan.padded();
  }
  double* totals(int64_t sample) const {
    return (double*)((float*)memory + plan.n * kNumbers * plan.padded()) + sample * (plan.sums() + 2 * plan.c);
  }
  double* sums(int64_t sample) const { return totals(sample) + 2 * plan.c; }
  // Repeats the c numbers of each array for every row of the fold and clears the rest.
  void spread(int64_t sample) const {
    for (int which = 0; which < kNumbers; which++) {
      float* v = numbers(sample, which);
      for (int64_t i = plan.c; i < plan.width; i++) v[i] = v[i - plan.c];
      for (int64_t i = plan.width; i < plan.padded(); i++) v[i] = 0;
    }
  }
};

// norm_backward.cpp
void norm_backward(const NormSide* sides, int count, const float* dy, const NormShape& s, bool fixed,
                   fastcnn_activation f, char* workspace);
// norm_layer.cpp
size_t layer_norm_workspace(int64_t rows, int64_t size);
void layer_norm_forward(float* y, float* mean, float* inv_std, const float* x, const float* gamma, const float* beta,
                        int64_t rows, int64_t size, double epsilon, char* workspace);
void layer_norm_backward(float* dx, float* dgamma, float* dbeta, const float* dy, const float* x, const float* mean,
                         const float* inv_std, const float* gamma, int64_t rows, int64_t size, char* workspace);

}  // namespace ISA
}  // namespace fastcnn
