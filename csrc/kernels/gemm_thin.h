// Products of a few rows, or of one with a transposed b: one pass along b, which is then the only cost.
//
// b is read once and used little: the time is that of reading it. So the thin product walks along b's rows, where
// memory is contiguous, and keeps its sums in L1. They are the same chains of multiply-adds in the same blocks of
// kDepth as the micro-kernel's, so a prediction for one image has the bits of the same image in a batch.
#pragma once
#include "gemm.h"
#include "gemm_finish.h"
#include "lanes.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kThinRows = 16;                 // up to here reading b takes longer than multiplying
constexpr int64_t kThinGroup = 8;                 // rows of the product at a time
constexpr int64_t kThinColumns = 512;             // of b, walked along together
constexpr int64_t kThinStep = 16 * kThinColumns;  // floats of b at a time
constexpr int64_t kThinShared = 256;              // columns a thread: with fewer, threads share out the sum's blocks
constexpr int64_t kThinAlong = 128;               // floats asked for ahead of each row of a transposed b

// From so many rows on, and if b is larger than a shared cache, the hardware does not ask for it early enough.
constexpr int kThinAsked = 5;
constexpr int64_t kThinCached = int64_t(8) << 20;  // floats of b

// The rows of b that the next step reads, asked for row by row: so they come from memory in long runs.
struct ThinAhead {
  const float* at;
  int64_t columns, step, left;
  template <int64_t kFloats>
  void ask() {
#pragma GCC unroll 8
    for (int64_t v = 0; v < kFloats; v += 16) __builtin_prefetch(at + v, 0, 2);
    at += kFloats, left -= kFloats;
    if (left <= 0) at += step, left = columns;
  }
};

// acc[i][j..j + J vectors) += sum over `depth` rows p of a[i][p] * b[p][j...]; live: lanes of the last vector.
template <int M, int J, bool kAsk>
void thin_vectors(float* acc, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t depth, ThinAhead& next,
                  int live) {
  vec sum[M][J];
#pragma GCC unroll 8
  for (int i = 0; i < M; i++)
#pragma GCC unroll 8
    for (int v = 0; v < J; v++) sum[i][v] = load(acc + i * kThinColumns + v * kLanes);
  for (int64_t p = 0; p < depth; p++, b += ldb) {
    vec row[J];
    if constexpr (kAsk) next.ask<J * kLanes>();
#pragma GCC unroll 8
    for (int v = 0; v < J; v++) row[v] = load_some(b + v * kLanes, live);
#pragma GCC unroll 8
    for (int i = 0; i < M; i++) {
      vec x = splat(a[i * lda + p]);
#pragma GCC unroll 8
      for (int v = 0; v < J; v++) sum[i][v] = fma(x, row[v], sum[i][v]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < M; i++)
#pragma GCC unroll 8
    for (int v = 0; v < J; v++) store(acc + i * kThinColumns + v * kLanes, sum[i][v]);
}

template <int M, bool kAsk>
void thin_step(float* acc, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t depth, int64_t columns,
               ThinAhead next) {
  constexpr int kSums = kTileRows * kTileVectors;
  constexpr int kTogether = M * 8 <= kSums ? 8 : M * 4 <= kSums ? 4 : M * 2 <= kSums ? 2 : 1;
  int64_t j = 0;
  for (; j + kTogether * kLanes <= columns; j += kTogether * kLanes)
    thin_vectors<M, kTogether, kAsk>(acc + j, a, lda, b + j, ldb, depth, next, kLanes);
  if constexpr (kTogether == 8)
    for (; j + 4 * kLanes <= columns; j += 4 * kLanes)
      thin_vectors<M, 4, kAsk>(acc + j, a, lda, b + j, ldb, depth, next, kLanes);
  for (; j < columns; j += kLanes)
    thin_vectors<M, 1, kAsk>(acc + j, a, lda, b + j, ldb, depth, next, (int)least(kLanes, columns - j));
}

// b stored (n, k): kLanes of its rows are walked along together and transposed in registers, block by block. With one
// or two rows of a, two such groups take turns: a single chain of additions would wait for itself.
template <int M>
void thin_rows(vec (&sum)[M], const float* a, int64_t lda, const float* b, int64_t ldb, int64_t ahead, int deep,
               int live) {
  vec r[kLanes];
#pragma GCC unroll 16
  for (int l = 0; l < kLanes; l++) __builtin_prefetch(b + l * ldb + ahead, 0, 2);
  if (deep == kLanes && live == kLanes) {
#pragma GCC unroll 16
    for (int l = 0; l < kLanes; l++) r[l] = load(b + l * ldb);
  } else {
#pragma GCC unroll 16
    for (int l = 0; l < kLanes; l++) r[l] = l < live ? load_first(b + l * ldb, deep) : zero();
  }
  transpose(r);
  if (deep == kLanes) {
#pragma GCC unroll 16
    for (int q = 0; q < kLanes; q++)
#pragma GCC unroll 8
      for (int i = 0; i < M; i++) sum[i] = fma(splat(a[i * lda + q]), r[q], sum[i]);
  } else {
    for (int q = 0; q < deep; q++)
      for (int i = 0; i < M; i++) sum[i] = fma(splat(a[i * lda + q]), r[q], sum[i]);
  }
}

template <int M, int Groups>
void thin_groups(float* y, const float* a, const float* b, const Matmul& g, int64_t j, int live) {
  int64_t piece = depth_of_block(g.k);
  int64_t next = j + 2 * Groups * kLanes <= g.n ? Groups * kLanes * g.k : g.k - kThinAlong;
  vec total[Groups][M] = {};
  for (int64_t from = 0; from < g.k; from += piece) {
    int64_t end = least(g.k, from + piece);
    vec sum[Groups][M];
    for (int v = 0; v < Groups; v++)
      for (int i = 0; i < M; i++) sum[v][i] = zero();
    for (int64_t p = from; p < end; p += kLanes) {
      int64_t ahead = p + kThinAlong < g.k ? kThinAlong : next - g.k + kThinAlong;
#pragma GCC unroll 2
      for (int v = 0; v < Groups; v++)
        thin_rows<M>(sum[v], a + p, g.k, b + (j + v * kLanes) * g.k + p, g.k, ahead, (int)least(kLanes, end - p), live);
    }
    for (int v = 0; v < Groups; v++)
      for (int i = 0; i < M; i++) total[v][i] = from > 0 ? total[v][i] + sum[v][i] : sum[v][i];
  }
  for (int v = 0; v < Groups; v++)
    for (int i = 0; i < M; i++) store_first(y + i * g.n + j + v * kLanes, total[v][i], live);
}

struct Thin {
  decltype(&thin_step<2, false>) step, asking;
  decltype(&thin_groups<1, 1>) group, groups;
  int together;  // of `groups`
};
template <int M>
constexpr Thin thin = {thin_step<M, false>, thin_step<M, (M >= kThinAsked)>, thin_groups<M, 1>,
                       thin_groups<M, M <= 2 ? 2 : 1>, M <= 2 ? 2 : 1};
constexpr Thin thin_alone = {nullptr, nullptr, thin_groups<1, 1>, thin_groups<1, 2>, 2};  // gemm_row.h has the other
constexpr Thin thin_of[kThinGroup + 1] = {{},      thin_alone, thin<2>, thin<3>, thin<4>,
                                          thin<5>, thin<6>,    thin<7>, thin<8>};

// f(first, count) for the rows of a product in equal groups.
template <class F>
inline void thin_row_groups(int64_t m, F f) {
  int64_t groups = ceil_div(m, kThinGroup);
  for (int64_t q = 0; q < groups; q++) f(m * q / groups, m * (q + 1) / groups - m * q / groups);
}

// to = one block of the sum, rows [from, end) of b.
void thin_block(float* to, const float* a, const float* b, const Matmul& g, int64_t from, int64_t end, int64_t column,
                int64_t columns, bool accumulate) {
  alignas(64) float acc[kThinRows * kThinColumns];
  int64_t step = most(1, kThinStep / align16(columns));
  for (int i = 0; i < g.m; i++) memset(acc + i * kThinColumns, 0, (size_t)align64(columns * 4));
  for (int64_t p = from, depth; p < end; p += depth) {
    depth = least(end - p, step);
    int64_t ahead = p + 2 * depth <= g.k ? p + depth : p;
    thin_row_groups(g.m, [&](int64_t first, int64_t count) {
      ThinAhead next{b + ahead * g.n + column, columns, g.n - align16(columns), columns};
      (first == 0 && g.k * g.n > kThinCached ? thin_of[count].asking : thin_of[count].step)(
          acc + first * kThinColumns, a + first * g.k + p, g.k, b + p * g.n + column, g.n, depth, columns, next);
    });
  }
  for (int i = 0; i < g.m; i++)
    for (int64_t j = 0; j < columns; j += kLanes) {
      int live = (int)least(kLanes, columns - j);
      float* out = to + i * g.n + column + j;
      vec sum = load(acc + i * kThinColumns + j);
      if (accumulate) sum = load_first(out, live) + sum;
      store_first(out, sum, live);
    }
}

void thin_columns(float* y, const float* a, const float* b, const Matmul& g, int64_t column, int64_t columns) {
  int64_t piece = depth_of_block(g.k);
  for (int64_t from = 0; from < g.k; from += piece)
    thin_block(y, a, b, g, from, least(g.k, from + piece), column, columns, from > 0);
}

void thin_columns_transposed(float* y, const float* a, const float* b, const Matmul& g, int64_t column,
                             int64_t columns) {
  int64_t end = column + columns;
  for (int64_t j = column, wide; j < end; j += wide) {
    wide = kLanes;
    thin_row_groups(g.m, [&](int64_t first, int64_t count) {
      const Thin& rows = thin_of[count];
      bool all = j + rows.together * kLanes <= end;
      if (all) wide = rows.together * kLanes;
      (all ? rows.groups : rows.group)(y + first * g.n, a + first * g.k, b, g, j, (int)least(kLanes, end - j));
    });
  }
}

bool is_thin(const Matmul& g) { return g.m <= kThinRows && g.k > 0; }

struct ThinPlan {
  int64_t piece, pieces;  // of the sum
  bool deep;              // threads share out the pieces, each a run of memory
  int64_t each;           // columns of a task
  ThinPlan(const Matmul& g, int threads) {
    piece = depth_of_block(g.k), pieces = ceil_div(g.k, piece);
    deep = !g.transpose_b && threads > 1 && pieces >= 2 * threads && g.n <= kThinShared * threads;
    int64_t parts = ceil_div(g.n, kThinColumns);
    while (!deep && threads > 1 && parts < 2 * threads && g.n / parts > 64) parts *= 2;
    each = align16(ceil_div(g.n, parts));
  }
  int64_t partials() const { return deep ? pieces - 1 : 0; }
  size_t bytes(const Matmul& g) const { return (size_t)align64(partials() * g.m * g.n * 4); }
};

void thin_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e, char* workspace,
                  int threads) {
  ThinPlan plan(g, threads);
  int team = g.m * g.n * g.k / 16 < kSerialWork ? 1 : threads;
  int64_t parts = ceil_div(g.n, plan.each), size = g.m * g.n, kept = plan.partials();
  float* partials = (float*)workspace;
  parallel_tasks(team, parts * (kept + 1), [&](int64_t task, int) {
    int64_t column = task % parts * plan.each, columns = least(plan.each, g.n - column), p = task / parts;
    if (plan.deep)
      return thin_block(p ? partials + (p - 1) * size : y, a, b, g, p * plan.piece, least(g.k, (p + 1) * plan.piece),
                        column, columns, false);
    (g.transpose_b ? thin_columns_transposed : thin_columns)(y, a, b, g, column, columns);
    for (int64_t i = 0; i < g.m; i++) finish_row({y, g.n}, i, column, columns, e);
  });
  if (plan.deep)
    parallel_for(g.m, size * kept / 16, [&](int64_t i) { finish_row({y, g.n, partials, kept, size}, i, 0, g.n, e); });
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
