// Products of one row: the time is that of reading b, and nothing of b is read twice.
//
// So threads share out the blocks of the sum, each a run of whole rows of b, and walk along kRowStreams of them at
// once: long streams that the hardware asks for ahead by itself. The sums of a block stay in L1; what they are is said
// by kDepth, as everywhere: the same bits as for the same row among others.
//
// Where b is known to be finite, rows of it that meet a zero are not read. They would add a zero, which changes no sum
// but a negative zero; and such a sum, which comes only of products too small for a float, is made once more from all.
#pragma once
#include "gemm.h"
#include "gemm_finish.h"
#include "lanes.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kRowStreams = 4;
constexpr int64_t kRowColumns = 4096;  // of a block: their sums take half of a small L1
constexpr int64_t kRowNarrow = 128;    // of a block whose sums stay in registers
constexpr int64_t kRowListed = 32;     // rows of such a block at a time, so that reading b hardly waits for the list
constexpr int64_t kRowShort = 256;     // columns; where blocks are few, their rows are cut, but not shorter than this

bool is_row(const Matmul& g) { return g.m == 1 && g.k > 0 && !g.transpose_b; }

struct RowPlan {
  int64_t piece, pieces;  // of the sum
  int64_t parts, each;    // of the columns
  RowPlan(const Matmul& g, int threads) {
    piece = depth_of_block(g.k), pieces = ceil_div(g.k, piece);
    parts = ceil_div(g.n, kRowColumns);
    while (threads > 1 && pieces * parts < 4 * threads && g.n / parts >= 2 * kRowShort) parts *= 2;
    each = align16(ceil_div(g.n, parts)), parts = ceil_div(g.n, each);
  }
  size_t bytes(const Matmul& g) const { return (size_t)align64((pieces - 1) * g.n * 4); }
};

// at = the positions [from, end) of a that hold another number than 0. Without a branch that would have to be guessed.
int64_t wanted_rows(int32_t* at, const float* a, int64_t from, int64_t end) {
  int64_t count = 0;
#pragma GCC unroll 8
  for (int64_t p = from; p < end; p++) {
    uint32_t word;
    memcpy(&word, a + p, 4);
    at[count] = (int32_t)p;
    count += word << 1 != 0;
  }
  return count;
}

// acc[j] += sum over R rows p = at[0], at[1], ... of a[p] * b[p][j].
template <int R>
void add_rows(float* acc, const float* a, const int32_t* at, const float* b, int64_t ldb, int64_t columns) {
  const float* from[R];
  vec x[R];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) from[r] = b + at[r] * ldb, x[r] = splat(a[at[r]]);
  int64_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    vec sum = load(acc + j);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) sum = fma(x[r], load(from[r] + j), sum);
    store(acc + j, sum);
  }
  if (j == columns) return;
  vec sum = load(acc + j);
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) sum = fma(x[r], load_first(from[r] + j, (int)(columns - j)), sum);
  store(acc + j, sum);
}

// acc[j] = sum over the rows p of b of a[p] * b[p][j]; without those that meet a zero, unless `all`.
void sum_rows(float* acc, const float* a, const float* b, int64_t ldb, int64_t depth, int64_t columns, bool all) {
  int32_t at[kDepth];
  int64_t count = depth, i = 0;
  if (all)
    for (int64_t p = 0; p < depth; p++) at[p] = (int32_t)p;
  else
    count = wanted_rows(at, a, 0, depth);
  memset(acc, 0, (size_t)align64(columns * 4));
  for (; i + kRowStreams <= count; i += kRowStreams) add_rows<kRowStreams>(acc, a, at + i, b, ldb, columns);
  for (; i < count; i++) add_rows<1>(acc, a, at + i, b, ldb, columns);
}

// The same for J vectors of columns, whose sums stay in registers; live: lanes of the last one.
template <int J>
void sum_columns(float* acc, const float* a, const float* b, int64_t ldb, int64_t depth, int live, bool all) {
  int32_t at[kRowListed];
  vec sum[J];
#pragma GCC unroll 8
  for (int v = 0; v < J; v++) sum[v] = zero();
  auto add = [&](int64_t p) {
    vec x = splat(a[p]);
#pragma GCC unroll 8
    for (int v = 0; v < J; v++) {
      const float* from = b + p * ldb + v * kLanes;
      sum[v] = fma(x, load_some(from, live), sum[v]);
    }
  };
  for (int64_t from = 0, end; from < depth; from = end) {
    end = all ? depth : least(depth, from + kRowListed);
    int64_t count = all ? 0 : wanted_rows(at, a, from, end);
    for (int64_t i = 0; i < count; i++) add(at[i]);
    for (int64_t p = all ? from : end; p < end; p++) add(p);
  }
#pragma GCC unroll 8
  for (int v = 0; v < J; v++) store(acc + v * kLanes, sum[v]);
}

void sum_narrow(float* acc, const float* a, const float* b, int64_t ldb, int64_t depth, int64_t columns, bool all) {
  int64_t j = 0;
  for (; j + 8 * kLanes <= columns; j += 8 * kLanes) sum_columns<8>(acc + j, a, b + j, ldb, depth, kLanes, all);
  for (; j < columns; j += kLanes) sum_columns<1>(acc + j, a, b + j, ldb, depth, (int)least(kLanes, columns - j), all);
}

// Whether enough of a are zeros, an eighth, for a list of the others to be worth its time.
bool has_zeros(const float* a, int64_t depth) {
  ivec found = isplat(0);
  for (int64_t p = 0; p + kLanes <= depth; p += kLanes) found -= load(a + p) == zero();
  int64_t count = 0;
  for (int l = 0; l < kLanes; l++) count += found[l];
  return count * 8 >= depth;
}

bool has_negative_zero(const float* acc, int64_t columns) {
  ivec found = isplat(0);
  for (int64_t j = 0; j < columns; j += kLanes) found |= bits(load(acc + j)) == isplat(INT32_MIN);
  return any(found);
}

// to = one block of the sum.
void row_block(float* to, const float* a, const float* b, int64_t ldb, int64_t depth, int64_t columns, bool all) {
  alignas(64) float acc[kRowColumns];
  all = all || !has_zeros(a, depth);
  auto sum = columns <= kRowNarrow ? sum_narrow : sum_rows;
  sum(acc, a, b, ldb, depth, columns, all);
  if (!all && has_negative_zero(acc, columns)) sum(acc, a, b, ldb, depth, columns, true);
  memcpy(to, acc, (size_t)(columns * 4));
}

void row_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e, char* workspace,
                 int threads) {
  RowPlan plan(g, threads);
  float* partials = (float*)workspace;
  int64_t kept = plan.pieces - 1;
  parallel_tasks(g.n * g.k / 16 < kSerialWork ? 1 : threads, plan.pieces * plan.parts, [&](int64_t task, int) {
    int64_t column = task % plan.parts * plan.each, p = task / plan.parts, from = p * plan.piece;
    row_block((p ? partials + (p - 1) * g.n : y) + column, a + from, b + from * g.n + column, g.n,
              least(plan.piece, g.k - from), least(plan.each, g.n - column), !g.finite_b);
  });
  int64_t ends = ceil_div(g.n, kRowShort);
  parallel_for(ends, g.n * plan.pieces / 16, [&](int64_t end) {
    int64_t column = end * kRowShort;
    finish_row({y, g.n, partials, kept, g.n}, 0, column, least(kRowShort, g.n - column), e);
  });
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
