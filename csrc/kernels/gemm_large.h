// Products with many rows and a b that a core's cache does not hold: a task has a block of rows and a group of panels.
//
// Where panels are many each thread has a group of its own, which it packs, block by block, while it multiplies its
// first rows: so packing costs next to nothing. Else b is packed before, by all. Piece by piece of the sum the rows
// pass by the group's panels, each asked for while the one before is multiplied. A transposed a is never transposed:
// its columns are copied as they lie, for the micro-kernel steps from row to row of the copy as well as along one.
#pragma once
#include "gemm_blocks.h"
#include "runtime/seats.h"
#include "runtime/shares.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLargeRows = 128, kCopiedRows = 192;      // of a block: with kDepth columns well within L2
constexpr int64_t kLargeSide = 256;                         // of n and k: else copies cost more than transposing
constexpr int64_t kLargeFloats = int64_t(256) << 10;        // of b: fewer stay in a core's cache
constexpr int64_t kTallest = 4;                             // times n: packing counts for little beside more rows
constexpr int64_t kLargeTasks = 6;                          // a thread, at least
constexpr int64_t kPanelsOwned = 4;                         // at least, if each thread packs its own
constexpr int64_t kPanelsTogether = 8, kRowsTogether = 32;  // of b, packed in turn: it is read in runs of 2 KiB

// Of products that are neither few rows' nor tall.
bool is_large(const Matmul& g) {
  return least(g.n, g.k) >= kLargeSide && (g.transpose_a || (g.n * g.k > kLargeFloats && g.m <= kTallest * g.n));
}

struct LargePlan {
  int64_t panels, piece, tiles;
  int64_t blocks, groups;  // of tiles and of panels
  int64_t rows;            // of the largest block, and the floats from row to row of its copy
  bool owned;              // each thread has a group and packs it
  LargePlan(const Matmul& g, int threads) {
    panels = panel_count(g.n), piece = depth_of_block(g.k), tiles = ceil_div(g.m, kTileRows);
    blocks = ceil_div(ceil_div(g.m, g.transpose_a ? kCopiedRows : kLargeRows), threads) * threads;
    owned = panels >= kPanelsOwned * threads && threads <= kMostShares;
    groups = owned ? threads : least(panels, ceil_div(kLargeTasks * threads, blocks));
    rows = align16(ceil_div(tiles, blocks) * kTileRows);
  }
  int64_t first_row(const Matmul& g, int64_t block) const { return least(g.m, tiles * block / blocks * kTileRows); }
  int64_t pointers() const { return align64(rows * 2 * (int64_t)sizeof(void*)); }
  int64_t own(const Matmul& g) const { return pointers() + (g.transpose_a ? align64(piece * rows * 4) : 0); }
  static int64_t packed(const Matmul& g) { return align64(g.k * padded_columns(g.n) * 4); }
  size_t bytes(const Matmul& g, int threads) const { return (size_t)(packed(g) + threads * own(g)); }
};

// to[p][i] = a[p][i], p < depth, i < count, `step` floats from row to row.
void copy_columns(float* to, int64_t step, const float* a, int64_t stride, int64_t depth, int64_t count) {
  for (int64_t p = 0; p < depth; p++, to += step, a += stride)
    for (int64_t i = 0; i < count; i += kLanes) {
      int live = (int)least(kLanes, count - i);
      if (p + 5 < depth) __builtin_prefetch(a + 5 * stride + i + live - 1);
      store_first(to + i, load_first(a + i, live), live);
    }
}

// A block of rows of y and a group of panels. packs: of the group, too, for nobody has yet.
[[gnu::noinline]] void large_task(float* y, const float* a, const float* b, float* packed, bool packs, const Matmul& g,
                                  const LargePlan& plan, const fastcnn_epilogue& e, int64_t block, int64_t group,
                                  char* memory) {
  const int64_t first = plan.first_row(g, block), count = plan.first_row(g, block + 1) - first;
  const int64_t begin = plan.panels * group / plan.groups, end = plan.panels * (group + 1) / plan.groups;
  if (count <= 0 && !packs) return;
  const float** rows = (const float**)memory;
  float** out = (float**)(rows + plan.rows);
  float* copy = (float*)(memory + plan.pointers());
  Finish f;
  bool later = finish_in(y, e, &f);
  Packing next{};
  for (int64_t from = 0; from < g.k; from += plan.piece) {
    int64_t depth = least(plan.piece, g.k - from);
    f.accumulate = from > 0, f.last = from + depth == g.k;
    if (g.transpose_a) copy_columns(copy, plan.rows, a + from * g.m + first, g.m, depth, count);
    for (int64_t i = 0; i < count; i++) rows[i] = g.transpose_a ? copy + i : a + (first + i) * g.k + from;
    for (int64_t panel = begin; panel < end; panel++) {
      int columns = panel_columns(g, panel), width = panel_width(columns);
      float* now = packed + panel * kPanel * g.k + from * width;
      const bool more = panel + 1 < end;
      float* soon = more ? now + kPanel * g.k : packed + begin * kPanel * g.k + (from + depth) * kPanel;
      Segments s{rows, count, 1, depth, g.transpose_a ? plan.rows : 1};
      if (packs) {
        const int64_t done = next.to ? most(0, next.done) : 0;
        pack_block(now + done * width, b, g, panel, from + done, depth - done);
        next = next_block(b, g, plan.piece, panel, begin, end, from, soon);
        if (count < kPackedRows) next.to = nullptr;
        if (next.runs) s.packing = &next;
      } else if (more || !f.last) {
        s.ahead = {soon, depth * kPanel / 16, 16, 1};
      }
      for (int64_t i = 0; i < count; i++) out[i] = y + (first + i) * g.n + panel * kPanel;
      f.bias = e.bias ? e.bias + panel * kPanel : nullptr;
      micro_rows(s, now, width, out, count, columns, f);
      if (f.last && later) apply_activation(out[0], count, columns, g.n, e.activation, e.alpha);
    }
  }
}

void pack_panels(float* packed, const float* b, const Matmul& g, const LargePlan& plan) {
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

void large_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e,
                   char* workspace, int threads) {
  LargePlan plan(g, threads);
  float* packed = (float*)workspace;
  char* own = workspace + plan.packed(g);
  auto task = [&](int64_t block, int64_t group, int thread, bool packs) {
    large_task(y, a, b, packed, packs, g, plan, e, block, group, own + thread * plan.own(g));
  };
  if (!plan.owned) {
    pack_panels(packed, b, g, plan);
    return parallel_tasks(threads, plan.blocks * plan.groups,
                          [&](int64_t i, int thread) { task(i % plan.blocks, i / plan.blocks, thread, false); });
  }
  Share shares[kMostShares];
  int64_t begun[kMostShares] = {}, ready[kMostShares] = {};
  for (int i = 0; i < threads; i++) shares[i].left = 1 | (uint64_t)plan.blocks << 32;
  team(threads, [&](int thread, int) {
    for (int i = 0; i < threads; i++) {
      const int group = (thread + i) % threads;
      if (!__atomic_exchange_n(&begun[group], 1, __ATOMIC_RELAXED)) {
        task(0, group, thread, true);
        __atomic_store_n(&ready[group], 1, __ATOMIC_RELEASE);
      }
      if (!reaches(&ready[group], 1)) continue;  // who packs it has to go on alone
      for (int64_t block; (block = shares[group].take(i == 0)) >= 0;) task(block, group, thread, false);
    }
  });
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
