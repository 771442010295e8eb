// Products of a block of b, packed by the thread that multiplies with it, so that b is read once.
//
// Where its rows are short, b is not packed at all. With few rows b is the larger side. A task has a group of panels
// and goes down them piece by piece: the piece of a stays in L2 while the group's panels pass by, and while one panel
// is multiplied the next is asked for, because reading it takes as long as multiplying. Where panels are few and sums
// long, threads share out the pieces instead: then a, too, is read once. The partial sums are added in the order of the
// pieces, so the bits are the same.
#pragma once
#include "gemm.h"
#include "gemm_finish.h"
#include "pack.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kFewRows = 400;       // up to here b is packed block by block
constexpr int64_t kGroupColumns = 512;  // of a task: its rows of b are runs of 2 KiB
constexpr int64_t kInPlace = 256;       // of b: panels are read where they lie, for a page holds several of its rows
constexpr int64_t kDeepColumns = 128;   // a thread: with more columns the partial sums cost more than reading a
constexpr int64_t kTallRows = 96;       // of a transposed a, packed together: a multiple of kTileRows

inline int panel_columns(const Matmul& g, int64_t panel) { return (int)least(kPanel, g.n - panel * kPanel); }

// Rows and columns of b from (from, panel * kPanel) on into a panel. Flat: calls would take vectors through memory.
[[gnu::flatten, gnu::noinline]] void pack_block(float* to, const float* b, const Matmul& g, int64_t panel, int64_t from,
                                                int64_t depth) {
  int columns = panel_columns(g, panel);
  if (g.transpose_b)
    pack_columns(to, b + panel * kPanel * g.k + from, g.k, depth, columns);
  else
    pack_rows(to, b + from * g.n + panel * kPanel, g.n, depth, columns);
}

bool is_few(const Matmul& g) { return g.m <= kFewRows && g.k > 0; }

struct FewPlan {
  int64_t panels, piece, pieces;
  int64_t parts;           // of the depth
  int64_t groups, blocks;  // of panels and of rows, if parts is 1
  int64_t rows;            // of a block
  int team;
  FewPlan(const Matmul& g, int threads) {
    if (g.m * g.n * g.k / 16 < kSerialWork) threads = 1;  // a block for each would pack b for each
    team = threads;
    panels = panel_count(g.n), piece = depth_of_block(g.k), pieces = ceil_div(g.k, piece);
    bool deep = threads > 1 && pieces >= 2 * threads && g.n <= kDeepColumns * threads;
    parts = deep ? threads : 1;
    groups = deep ? 1 : least(panels, most(ceil_div(g.n, kGroupColumns), 2 * threads));
    blocks = deep || threads == 1 ? 1 : ceil_div(2 * threads, panels);
    rows = ceil_div(g.m, blocks);
  }
  int64_t first_piece(int64_t part) const { return pieces * part / parts; }
  int64_t pointers() const { return align64(rows * 2 * (int64_t)sizeof(void*)); }
  int64_t own() const { return pointers() + 2 * align64(piece * kPanel * 4); }
  int64_t partials() const { return pieces - first_piece(1); }  // the first part adds up in y
  size_t bytes(const Matmul& g) const { return (size_t)(align64(partials() * g.m * g.n * 4) + team * own()); }
};

// Whether panels of b need no packing: loads from them are as good where they lie.
inline bool lies_in_panels(const float* b, const Matmul& g) {
  return !g.transpose_b && g.n <= kInPlace && g.n % kPanel == 0 && (uintptr_t)b % 64 == 0;
}

// The panel after this one, after the last one of a piece the next piece's first: copied to where it will be read, or,
// where that is more than copying, asked for.
[[gnu::noinline]] Packing next_block(const float* b, const Matmul& g, int64_t piece, int64_t panel, int64_t begin,
                                     int64_t end, int64_t from, float* to) {
  if (++panel == end) panel = begin, from += piece;
  if (from >= g.k || panel_columns(g, panel) < kPanel) return {};
  int64_t depth = least(piece, g.k - from);
  if (!g.transpose_b) return {b + from * g.n + panel * kPanel, g.n, to, depth};
  int64_t line = ceil_div(depth, kPanel);
  return {b + panel * kPanel * g.k + from, kPanel, nullptr, line * kPanel, 0, line, g.k - line * kPanel};
}

// Panels [begin, end) of rows [first, first + count), pieces [p0, p1). to: y, or partial sums from piece p0 on.
void few_task(float* to, bool partial, const float* a, const float* b, const Matmul& g, const FewPlan& plan,
              const fastcnn_epilogue& e, int64_t first, int64_t count, int64_t begin, int64_t end, int64_t p0,
              int64_t p1, char* memory) {
  const float** rows = (const float**)memory;
  float** out = (float**)(rows + count);
  float* packed = (float*)(memory + plan.pointers());
  float* other = packed + align64(plan.piece * kPanel * 4) / 4;
  Packing next{};
  for (int64_t i = 0; i < count; i++) rows[i] = a + (first + i) * g.k;
  Finish f;
  bool later = finish_in(to, e, &f), in_place = lies_in_panels(b, g);
  for (int64_t p = p0; p < p1; p++) {
    int64_t from = p * plan.piece, depth = least(plan.piece, g.k - from);
    f.accumulate = p > p0 && !partial;
    f.last = plan.parts == 1 && p + 1 == p1;
    float* c = to + (partial ? p - p0 : 0) * g.m * g.n + first * g.n;
    for (int64_t panel = begin; panel < end; panel++) {
      int columns = panel_columns(g, panel);
      const int64_t done = next.to ? most(0, next.done) : 0;
      if (next.to) other = packed, packed = next.to;
      if (!in_place) pack_block(packed + done * kPanel, b, g, panel, from + done, depth - done);
      for (int64_t i = 0; i < count; i++) out[i] = c + i * g.n + panel * kPanel;
      f.bias = e.bias ? e.bias + panel * kPanel : nullptr;
      next = next_block(b, g, plan.piece, panel, begin, end, from, other);
      if (in_place || count < kPackedRows) next.to = nullptr;
      Segments s{rows, count, 1, depth, 1, from, panel == begin};
      if (next.runs) s.packing = &next;
      micro_rows(s, in_place ? b + from * g.n + panel * kPanel : packed, in_place ? g.n : panel_width(columns), out,
                 count, columns, f);
      if (f.last && later) apply_activation(out[0], count, columns, g.n, e.activation, e.alpha);
    }
  }
}

void few_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e, char* workspace,
                 int threads) {
  FewPlan plan(g, threads);
  float* partials = (float*)workspace;
  int64_t kept = plan.partials(), size = g.m * g.n;
  char* own = workspace + align64(kept * size * 4);
  parallel_tasks(plan.team, plan.parts * plan.groups * plan.blocks, [&](int64_t task, int thread) {
    int64_t part = task % plan.parts, group = task / plan.parts % plan.groups, block = task / plan.parts / plan.groups;
    int64_t first = block * plan.rows, count = least(plan.rows, g.m - first);
    if (count <= 0) return;
    int64_t p0 = plan.first_piece(part);
    float* to = part ? partials + (p0 - plan.first_piece(1)) * size : y;
    few_task(to, part > 0, a, b, g, plan, e, first, count, plan.panels * group / plan.groups,
             plan.panels * (group + 1) / plan.groups, p0, plan.first_piece(part + 1), own + thread * plan.own());
  });
  if (plan.parts == 1) return;
  parallel_for(g.m, size * kept / 16, [&](int64_t i) { finish_row({y, g.n, partials, kept, size}, i, 0, g.n, e); });
}

// A transposed a of one piece, as in a weight's gradient: blocks of its columns are packed as they lie, and the
// micro-kernel steps from row to row of the block. b is packed whole, for all.
bool is_tall(const Matmul& g) { return g.transpose_a && g.k > 1 && g.k <= kDepth && g.m > g.n; }

struct TallPlan {
  int64_t rows, blocks, each;  // of a block; blocks; of a task
  TallPlan(const Matmul& g, int threads) {
    rows = least(kTallRows, ceil_div(ceil_div(g.m, 2 * threads), kTileRows) * kTileRows);
    blocks = ceil_div(g.m, rows);
    each = most(1, blocks / (8 * threads));
  }
  static int64_t packed(const Matmul& g) { return align64(g.k * padded_columns(g.n) * 4); }
  int64_t own(const Matmul& g) const { return align64(g.k * rows * 4) + align64(rows * 2 * (int64_t)sizeof(void*)); }
  size_t bytes(const Matmul& g, int threads) const { return (size_t)(packed(g) + threads * own(g)); }
};

void tall_block(float* y, const float* a, const float* packed, const Matmul& g, const fastcnn_epilogue& e,
                int64_t first, int64_t count, int64_t rows, char* memory) {
  float* block = (float*)memory;
  const float** at = (const float**)(memory + align64(g.k * rows * 4));
  float** out = (float**)(at + rows);
  for (int64_t p = 0; p < g.k; p++)
    for (int64_t i = 0; i < count; i += kLanes) {
      int live = (int)least(kLanes, count - i);
      store_first(block + p * rows + i, load_first(a + p * g.m + first + i, live), live);
    }
  for (int64_t i = 0; i < count; i++) at[i] = block + i;
  Finish f;
  bool later = finish_in(y, e, &f);
  f.last = true;
  f.stream = !later && streams(y, g.m * g.n, g.n);
  for (int64_t i = 0; i < count; i++) out[i] = y + (first + i) * g.n;
  Ahead ahead{};
  if (first + 2 * rows <= g.m) ahead = {a + first + rows, g.k, g.m, rows / 16};
  for (int64_t panel = 0; panel * kPanel < g.n; panel++) {
    int columns = panel_columns(g, panel);
    f.bias = e.bias ? e.bias + panel * kPanel : nullptr;
    Segments s{at, count, 1, g.k, rows};
    if (panel == 0) s.ahead = ahead;
    micro_rows(s, packed + panel * kPanel * g.k, panel_width(columns), out, count, columns, f);
    if (later) apply_activation(out[0], count, columns, g.n, e.activation, e.alpha);
    for (int64_t i = 0; i < count; i++) out[i] += kPanel;
  }
  if (f.stream) stream_fence();
}

void tall_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e, char* workspace,
                  int threads) {
  TallPlan plan(g, threads);
  float* packed = (float*)workspace;
  char* own = workspace + plan.packed(g);
  int team = g.m * g.n * g.k / 16 < kSerialWork ? 1 : threads;
  parallel_for(panel_count(g.n), g.k * g.n / 16,
               [&](int64_t panel) { pack_block(packed + panel * kPanel * g.k, b, g, panel, 0, g.k); });
  parallel_tasks(team, ceil_div(plan.blocks, plan.each), [&](int64_t task, int thread) {
    int64_t end = least(plan.blocks, (task + 1) * plan.each);
    for (int64_t i = task * plan.each; i < end; i++)
      tall_block(y, a, packed, g, e, i * plan.rows, least(plan.rows, g.m - i * plan.rows), plan.rows,
                 own + thread * plan.own(g));
  });
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
