// A transposed a with many rows and a long sum, as in the gradient of a wide layer's weights: a is never transposed.
//
// b is packed whole, for all threads. A task has a block of rows and a group of panels. Piece by piece of the sum its
// columns of a are copied as they lie, for the micro-kernel steps from row to row of the copy as well as along one;
// they stay in L2 while the piece's part of every panel passes by, asked for one panel ahead.
#pragma once
#include "gemm_blocks.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kTransposedRows = 192;                    // of a block: with kDepth columns well within L2
constexpr int64_t kTransposedSide = 256;                    // of n and k: else copies cost more than transposing
constexpr int64_t kTransposedTasks = 6;                     // a thread, at least
constexpr int64_t kPanelsTogether = 8, kRowsTogether = 32;  // of b, packed in turn: it is read in runs of 2 KiB

bool is_transposed(const Matmul& g) {
  return g.transpose_a && g.m > kFewRows && least(g.n, g.k) >= kTransposedSide && !is_tall(g);
}

struct TransposedPlan {
  int64_t panels, piece, tiles;
  int64_t blocks, groups;  // of tiles and of panels
  int64_t rows;            // of the largest block, and the floats from row to row of its copy
  TransposedPlan(const Matmul& g, int threads) {
    panels = panel_count(g.n), piece = depth_of_block(g.k), tiles = ceil_div(g.m, kTileRows);
    blocks = ceil_div(ceil_div(g.m, kTransposedRows), threads) * threads;
    groups = least(panels, ceil_div(kTransposedTasks * threads, blocks));
    rows = align16(ceil_div(tiles, blocks) * kTileRows);
  }
  int64_t first_row(const Matmul& g, int64_t block) const { return least(g.m, tiles * block / blocks * kTileRows); }
  int64_t pointers() const { return align64(rows * 2 * (int64_t)sizeof(void*)); }
  int64_t own() const { return pointers() + align64(piece * rows * 4); }
  static int64_t packed(const Matmul& g) { return align64(g.k * padded_columns(g.n) * 4); }
  size_t bytes(const Matmul& g, int threads) const { return (size_t)(packed(g) + threads * own()); }
};

// to[p][i] = a[p][i], p < depth, i < count, `step` floats from row to row.
void copy_columns(float* to, int64_t step, const float* a, int64_t stride, int64_t depth, int64_t count) {
  for (int64_t p = 0; p < depth; p++, to += step, a += stride)
    for (int64_t i = 0; i < count; i += kLanes) {
      int live = (int)least(kLanes, count - i);
      if (p + 2 < depth) __builtin_prefetch(a + 2 * stride + i);
      store_first(to + i, load_first(a + i, live), live);
    }
}

// Rows [first, first + count) of y, panels [begin, end).
void transposed_task(float* y, const float* a, const float* packed, const Matmul& g, const TransposedPlan& plan,
                     const fastcnn_epilogue& e, int64_t first, int64_t count, int64_t begin, int64_t end,
                     char* memory) {
  const float** rows = (const float**)memory;
  float** out = (float**)(rows + count);
  float* block = (float*)(memory + plan.pointers());
  for (int64_t i = 0; i < count; i++) rows[i] = block + i;
  Finish f;
  bool later = finish_in(y, e, &f);
  for (int64_t from = 0; from < g.k; from += plan.piece) {
    int64_t depth = least(plan.piece, g.k - from);
    f.accumulate = from > 0, f.last = from + depth == g.k;
    copy_columns(block, plan.rows, a + from * g.m + first, g.m, depth, count);
    for (int64_t panel = begin; panel < end; panel++) {
      int columns = panel_columns(g, panel), width = panel_width(columns);
      const float* b = packed + panel * kPanel * g.k + from * width;
      for (int64_t i = 0; i < count; i++) out[i] = y + (first + i) * g.n + panel * kPanel;
      f.bias = e.bias ? e.bias + panel * kPanel : nullptr;
      Segments s{rows, count, 1, depth, plan.rows};
      bool more = panel + 1 < end;
      const float* next = more ? b + kPanel * g.k : packed + begin * kPanel * g.k + (from + depth) * kPanel;
      if (more || !f.last) s.ahead = {next, depth * kPanel / 16, 16, 1};
      micro_rows(s, b, width, out, count, columns, f);
      if (f.last && later)
        for (int64_t i = 0; i < count; i++) apply_activation(out[i], columns, e.activation, e.alpha);
    }
  }
}

void pack_panels(float* packed, const float* b, const Matmul& g, const TransposedPlan& plan) {
  int64_t pieces = ceil_div(g.k, plan.piece), wide = ceil_div(plan.panels, kPanelsTogether);
  parallel_for(wide * pieces, g.k * g.n / 16, [&](int64_t task) {
    int64_t begin = task % wide * kPanelsTogether, end = least(plan.panels, begin + kPanelsTogether);
    int64_t p = task / wide * plan.piece, last = least(g.k, p + plan.piece);
    for (int64_t depth; p < last; p += depth) {
      depth = least(g.transpose_b ? plan.piece : kRowsTogether, last - p);
      for (int64_t panel = begin; panel < end; panel++)
        pack_block(packed + panel * kPanel * g.k + p * panel_width(panel_columns(g, panel)), b, g, panel, p, depth);
    }
  });
}

void transposed_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e,
                        char* workspace, int threads) {
  TransposedPlan plan(g, threads);
  float* packed = (float*)workspace;
  char* own = workspace + plan.packed(g);
  pack_panels(packed, b, g, plan);
  parallel_tasks(threads, plan.blocks * plan.groups, [&](int64_t task, int thread) {
    int64_t block = task % plan.blocks, group = task / plan.blocks;
    int64_t first = plan.first_row(g, block), count = plan.first_row(g, block + 1) - first;
    int64_t begin = plan.panels * group / plan.groups, end = plan.panels * (group + 1) / plan.groups;
    if (count > 0) transposed_task(y, a, packed, g, plan, e, first, count, begin, end, own + thread * plan.own());
  });
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
