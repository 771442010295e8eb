// Convolution with 3x3 filters and no stride by Winograd's F(4x4, 3x3), and its input gradient, which is the same with
// the filter turned round and its channels exchanged.
//
// Input tiles are transformed to v[point][tile][channel], the filter to u[panel][point][channel][column]; 36 products
// (point_product.h) give m[point][tile][column], and a last transform writes 4x4 outputs with the epilogue.
// Three orders: where u stays in the shared cache, each thread takes blocks of tiles through all panels; where it is
// larger than that, or tiles are not many, v of many tiles is shared and each thread takes panels, transforming its
// part of the filter itself, a third of the points at a time; and where tiles are few, u is made in chunks
// (winograd_stream.h).
#include "lanes.h"
#include "runtime/shares.h"
#include "winograd_ahead.h"
#include "winograd_outputs.h"

namespace fastcnn {
namespace ISA {
namespace {

// One tap of channels [from, from + depth) of a panel.
__attribute__((noinline)) void pack_tap(float* to, const Problem& p, int tap, int64_t panel, int64_t from,
                                        int64_t depth) {
  int columns = (int)least(kPanel, p.k - panel * kPanel);
  if (filter_of(p).prepared)
    unpack_tap(to, filter_of(p), tap, panel, from, depth);
  else if (p.turned)
    pack_columns(to, p.filter + ((p.adjoint ? tap : 8 - tap) * p.k + panel * kPanel) * p.c + from, p.c, depth, columns);
  else
    pack_rows(to, p.filter + (tap * p.c + from) * p.k + panel * kPanel, p.k, depth, columns);
}

// Whether the taps of a panel are read where they lie: whole vectors of columns.
bool reads_in_place(const Problem& p, int64_t panel, int width) {
  return !p.turned && !filter_of(p).prepared && p.k - panel * kPanel >= width;
}

// Where the taps of a panel's channels are read: rows of columns, tap by tap.
struct Taps {
  const float* at;
  int64_t row, tap;  // floats from one channel, or tap, to the next
};

// Channels [from, from + depth) of one panel. packed: scratch for their 9 * depth rows, if they have to be packed.
__attribute__((noinline)) Taps taps_of(const Problem& p, int64_t panel, int64_t from, int64_t depth, float* packed) {
  int width = panel_width(p.k - panel * kPanel);
  if (reads_in_place(p, panel, width)) return {p.filter + from * p.k + panel * kPanel, p.k, p.c * p.k};
  for (int i = 0; i < 9; i++) pack_tap(packed + i * depth * width, p, i, panel, from, depth);
  return {packed, width, depth * width};
}

// Two rows of the points of some channels, kRow and its neighbour: 0 and 5, 1 and 2, or 3 and 4.
template <int kRow>
__attribute__((noinline)) void transform_rows(float* u, int64_t point, int64_t second, Taps taps, int64_t depth,
                                              int width) {
  for (int64_t d = 0; d < depth; d++, taps.at += taps.row)
    for (int k = 0; k < width; k += kLanes, u += kLanes) {
      vec half[2][3];
#pragma GCC unroll 3
      for (int s = 0; s < 3; s++) {
        vec w[3], o[2];
#pragma GCC unroll 3
        for (int r = 0; r < 3; r++) w[r] = load(taps.at + (r * 3 + s) * taps.tap + k);
        half_points<kRow>(w, o);
        half[0][s] = o[0], half[1][s] = o[1];
      }
      float* to = u;
#pragma GCC unroll 2
      for (int r = 0; r < 2; r++) {
        vec o[6];
        filter_points(half[r], o);
#pragma GCC unroll 6
        for (int s = 0; s < 6; s++) store(to + s * point, o[s]);
        to += second;
      }
    }
}

// Channels [from, from + depth) of one panel of u, depth <= kStep.
void transform_filter(float* u, const Problem& p, int64_t panel, int64_t from, int64_t depth, float* packed) {
  int width = panel_width(p.k - panel * kPanel);
  int64_t point = point_stride(p.c * width);
  Taps taps = taps_of(p, panel, from, depth, packed);
  u += from * width;
  transform_rows<0>(u, point, 30 * point, taps, depth, width);
  transform_rows<1>(u + 6 * point, point, 6 * point, taps, depth, width);
  transform_rows<3>(u + 18 * point, point, 6 * point, taps, depth, width);
}

void transform_panels(float* u, const Problem& p, int threads) {
  int64_t panels = panel_count(p.k);
  parallel_tasks(threads, panels * ((p.c + kStep - 1) / kStep), [&](int64_t task, int) {
    alignas(64) float packed[9 * kStep * kPanel];
    int64_t panel = task % panels, from = task / panels * kStep;
    transform_filter(u + panel * panel_bytes(p) / 4, p, panel, from, least(kStep, p.c - from), packed);
  });
}

// B^T d B of one tile and one vector of channels, of which `live` are there.
template <bool kPrologue>
static inline void transform_input(float* to, int64_t stride, const float* const (&pixels)[kPoints], int64_t channel,
                                   int live, const float* zeros, const Normaliser& normalised) {
  transform_columns(
      to, stride, [&](vec(&d)[6], int j) __attribute__((always_inline)) {
#pragma GCC unroll 6
        for (int i = 0; i < 6; i++) {
          const float* p = pixels[i * 6 + j] + channel;
          d[i] = load_some(p, live);
          if (kPrologue && pixels[i * 6 + j] != zeros) d[i] = normalised(d[i]);
        }
      });
}

// v of `count` channels of one tile, where x is a map's gradient by its windows.
void transform_pooled(float* to, int64_t point, int64_t vector, const Problem& p, const float* zeros, Tile t,
                      int64_t from, int64_t count) {
  PooledGradient g{p.x, p.winners, p.h / 2, p.w / 2, p.c};
  int64_t i = t.i - p.top, j = t.j - p.left;  // both even, or both odd, but at the edges
  if ((i ^ j) & 1)
    for (int64_t c = from; c < from + count; c += kLanes, to += vector) {
      alignas(64) float read[kPoints][kLanes];
      const float* pixels[kPoints];
      for (int e = 0; e < kPoints; e++) pixels[e] = read[e];
      read_pixels(read, g, t.n, i, j, c);
      transform_inputs(to, point, pixels, 0, kLanes, zeros, nullptr, vector);
    }
  else if (i % 2)
    transform_windows<1>(to, point, Windows<4>(g, zeros, t.n, (i - 1) / 2, (j - 1) / 2), from, count, vector);
  else
    transform_windows<0>(to, point, Windows<3>(g, zeros, t.n, i / 2, j / 2), from, count, vector);
}

// v of tiles [first, first + count), which are number `at` and the next of those it holds.
__attribute__((noinline)) void transform_tiles(float* v, const Problem& p, const Plan& plan, const float* zeros,
                                               int64_t first, int64_t count, int64_t at) {
  int64_t point = plan.grouped ? kGroupPoint : plan.v_point, vector = plan.grouped ? kGroupVector : kLanes,
          piece = plan.grouped ? p.c : plan.piece;
  Tile tile = plan.tiles.at(first);
  for (int64_t t = 0; t < count; t++, plan.tiles.advance(tile)) {
    float* to = v + (plan.grouped ? in_group(t, p.c) : (at + t) * plan.v_row);
    const float* pixels[kPoints];
    if (!p.winners) {
      tile_pixels(pixels, p.x, zeros, p.h, p.w, p.c, tile, p.top, p.left);
      ask_for_tile(pixels, zeros, p.c);
    }
    for (int64_t from = 0; from < p.c; from += piece, to += kPoints * point)
      if (p.winners)
        transform_pooled(to, point, vector, p, zeros, tile, from, least(piece, p.c - from));
      else
        transform_inputs(to, point, pixels, from, least(piece, p.c - from), zeros, p.prologue, vector);
  }
}

void run_by_tiles(const Problem& p, const Plan& plan, const float* zeros, char* workspace, int threads) {
  char* own = workspace + plan.u;
  const float* kept = keeps_points(p) ? p.prepared : nullptr;
  if (!kept) transform_panels((float*)workspace, p, threads);
  const float* u = kept ? kept : (const float*)workspace;
  int64_t blocks = plan.blocks, tasks = least(blocks, most(8 * threads, blocks / 8));
  parallel_shares(threads, tasks, [&](int64_t task, int thread) {
    float* m = (float*)(own + thread * plan.own());
    float* v = (float*)(own + thread * plan.own() + plan.m + plan.packed);
    int64_t last = blocks * (task + 1) / tasks;
    for (int64_t block = blocks * task / tasks; block < last; block++) {
      int64_t first = plan.first_of(block), next = plan.first_of(block + 1), count = next - first;
      transform_tiles(v, p, plan, zeros, first, count, 0);
      int64_t until = block + 1 < last ? plan.first_of(block + 2) : next, side = p.winners ? 2 : 4, h = p.h * side / 4,
              w = p.w * side / 4;
      RunsAhead ahead;
      ahead.add({p.x, h, w, 4 * p.c, side, side / 2 - p.top, side / 2 - p.left}, plan.tiles, next, until);
      ahead.add({p.winners, h, w, p.c, side, side / 2 - p.top, side / 2 - p.left}, plan.tiles, next, until);
      if (p.n * p.oh * p.ow * p.pixel * 4 >= kStreamFrom) {
        ahead.add({p.epilogue.residual, p.oh, p.ow, 4 * p.pixel, 4, 0, 0}, plan.tiles, first, next);
        ahead.add({p.epilogue.gate, p.oh, p.ow, 4 * p.pixel, 4, 0, 0}, plan.tiles, first, next);
      }
      uint64_t of_groups[kMostGroups] = {}, *needs = plan.tiles.whole() ? nullptr : of_groups;
      for (int64_t t = 0; needs && t < count; t++) needs[t / kTileRows] |= plan.tiles.needs(plan.tiles.at(first + t));
      for (int64_t panel = 0; panel < plan.panels; panel++) {
        int width = panel_width(p.k - panel * kPanel);
        group_products({m, v, u + panel * plan.u_panel / 4, p.c, count, width, needs}, ahead);
        finish_block(p, plan, m, panel, width, first, count);
      }
    }
  });
}

// m of one panel and tiles [first, first + count), of which v has `at` and the next. u: of a third of the points and a
// piece of the channels at a time, so that it does not leave the core's own cache.
__attribute__((noinline)) void multiply_panel(float* m, const Problem& p, const Plan& plan, int64_t panel,
                                              const float* v, int64_t first, int64_t at, int64_t count, float* packed) {
  float* u = packed + plan.packed / 4;
  int width = panel_width(p.k - panel * kPanel);
  for (int64_t from = 0; from < p.c; from += plan.piece, v += kPoints * plan.v_point) {
    int64_t depth = least(plan.piece, p.c - from), point = point_stride(depth * width);
    Taps taps = taps_of(p, panel, from, depth, packed);
    BlockProducts products{m,        v + at * plan.v_row, plan.v_row, plan.v_point, u, depth, first, count, width,
                           from > 0, &plan.tiles};
    transform_rows<1>(u, point, 6 * point, taps, depth, width);
    block_products(products, 6, 12);
    transform_rows<3>(u, point, 6 * point, taps, depth, width);
    block_products(products, 18, 12);
    transform_rows<0>(u, point, 6 * point, taps, depth, width);
    block_products(products, 0, 6);
    products.u += 6 * point;
    block_products(products, 30, 6);
  }
}

void run_by_panels(const Problem& p, const Plan& plan, const float* zeros, char* workspace, int threads) {
  float* v = (float*)workspace;
  char* own = workspace + plan.v;
  for (int64_t start = 0; start < plan.tiles.count; start += plan.batch) {
    int64_t tiles = least(plan.batch, plan.tiles.count - start);
    parallel_tasks(threads, (tiles + 3) / 4, [&](int64_t task, int) {
      transform_tiles(v, p, plan, zeros, start + task * 4, least(4, tiles - task * 4), task * 4);
    });
    parallel_tasks(threads, plan.panels * plan.parts, [&](int64_t task, int thread) {
      int64_t panel = task / plan.parts, part = task % plan.parts;
      int64_t at = tiles * part / plan.parts, count = tiles * (part + 1) / plan.parts - at;
      float* m = (float*)(own + thread * plan.own());
      if (count == 0) return;
      multiply_panel(m, p, plan, panel, v, start + at, at, count, m + plan.m / 4);
      finish_block(p, plan, m, panel, panel_width(p.k - panel * kPanel), start + at, count);
    });
  }
}

// v of tiles [first, first + count) as stream_products reads it.
void transform_chunks(float* v, const Problem& p, const Plan& plan, const float* zeros, int64_t first, int64_t count) {
  Chunks chunks(p.c);
  ChunkedTiles layout(count);
  for (int64_t t = 0; t < count; t++) {
    const float* pixels[kPoints];
    tile_pixels(pixels, p.x, zeros, p.h, p.w, p.c, plan.tiles.at(first + t), p.top, p.left);
    for (int64_t q = 0; q < chunks.count; q++)
      transform_inputs(v + q * layout.chunk + t * kChunk, layout.point, pixels, chunks.from(q), chunks.depth(q), zeros,
                       p.prologue, kLanes);
  }
}

// Each thread transforms all tiles for itself, which takes less time than reading them from another core's cache. Every
// other thread takes tasks from the end on, so that two of them go through the filter without gaps.
void run_streamed(const Problem& p, const Plan& plan, const float* zeros, char* workspace, int threads) {
  int64_t taken = 0, from_end[2] = {0, 0}, tasks = plan.panels * plan.parts;
  parallel_tasks(threads, least(threads, tasks), [&](int64_t, int thread) {
    float* m = (float*)(workspace + thread * plan.own());
    float *scratch = m + plan.m / 4, *v = scratch + plan.packed / 4;
    int64_t ready = -1, first = 0, count = 0;  // ready: the part whose tiles are in v
    bool last = thread % 2;
    while (__atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED) < tasks) {
      int64_t task = __atomic_fetch_add(&from_end[last], 1, __ATOMIC_RELAXED);
      if (last) task = tasks - 1 - task;
      int64_t part = task / plan.panels, panel = task % plan.panels, next = last ? most(0, panel - 1) : panel + 1;
      if (part != ready) {
        first = plan.tiles.count * part / plan.parts, count = plan.tiles.count * (part + 1) / plan.parts - first;
        transform_chunks(v, p, plan, zeros, first, count);
      }
      ready = part;
      stream_products(m, filter_of(p), panel, next, v, {&plan.tiles, first, count}, scratch);
      finish_block(p, plan, m, panel, kPanel, first, count);
    }
  });
}

void run(const Problem& p, char* workspace, int threads) {
  Plan plan(p, threads);
  if (plan.tiles.count == 0) return;
  memset(workspace, 0, (size_t)plan.zeros);
  const float* zeros = (const float*)workspace;
  int team = plan.tiles.count * kPoints * p.c * plan.panels * kTileVectors / 2 < kSerialWork ? 1 : threads;
  if (plan.streamed)
    run_streamed(p, plan, zeros, workspace + plan.zeros, team);
  else if (plan.by_panels)
    run_by_panels(p, plan, zeros, workspace + plan.zeros, team);
  else
    run_by_tiles(p, plan, zeros, workspace + plan.zeros, team);
}

}  // namespace

__attribute__((noipa)) void transform_inputs(float* to, int64_t stride, const float* const (&pixels)[kPoints],
                                             int64_t channel, int64_t count, const float* zeros,
                                             const fastcnn_prologue* prologue, int64_t vector) {
  const fastcnn_prologue none{zeros, zeros, zeros, FASTCNN_LINEAR};
  for (int64_t c = 0; c < count; c += kLanes, to += vector) {
    int live = (int)(count - c < kLanes ? count - c : kLanes);
    if (prologue)
      transform_input<true>(to, stride, pixels, channel + c, live, zeros, Normaliser(*prologue, channel + c, live));
    else
      transform_input<false>(to, stride, pixels, channel + c, live, zeros, Normaliser(none, 0, 0));
  }
}

size_t winograd_workspace(const Conv2d& g, ConvPass pass, int threads) {
  if (pass == ConvPass::dw) return winograd_dw_workspace(g, threads);
  if (pass == ConvPass::dx && takes_adjoint(g)) return winograd_adjoint_workspace(g, threads);
  return Plan(pass == ConvPass::forward ? forward_problem(g) : dx_problem(g), threads).bytes(threads);
}

void winograd_forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                      char* workspace, int threads) {
  Problem p = forward_problem(g);
  p.y = y, p.x = x, p.filter = filter, p.epilogue = e, p.prepared = g.prepared;
  run(p, workspace, threads);
}

int64_t winograd_prepared_floats(const Conv2d& g) {
  Problem p = forward_problem(g);
  return keeps_points(p) ? panel_count(p.k) * panel_bytes(p) / 4 : taps_floats(filter_of(p));
}

void winograd_prepare(float* to, const float* filter, const Conv2d& g, int threads) {
  Problem p = forward_problem(g);
  p.filter = filter;
  if (keeps_points(p))
    transform_panels(to, p, threads);
  else
    prepare_taps(to, filter_of(p), threads);
}

int64_t adjoint_panel_floats(const Conv2d& g) { return panel_bytes(dx_problem(g)) / 4; }

void adjoint_filter(float* u, const float* filter, const Conv2d& g, int threads) {
  Problem p = dx_problem(g);
  p.filter = filter, p.adjoint = true;
  transform_panels(u, p, threads);
}

void adjoint_panels(float* u, const float* filter, const Conv2d& g, int64_t first, int64_t last) {
  Problem p = dx_problem(g);
  p.filter = filter, p.adjoint = true;
  alignas(64) float packed[9 * kStep * kPanel];
  for (; first < last; first++)
    for (int64_t from = 0; from < p.c; from += kStep)
      transform_filter(u + first * panel_bytes(p) / 4, p, first, from, least(kStep, p.c - from), packed);
}

void winograd_dx(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                 char* workspace, int threads) {
  if (takes_adjoint(g)) return winograd_adjoint(dx, dy, filter, g, e, workspace, threads);
  Problem p = dx_problem(g);
  p.y = dx, p.x = dy, p.filter = filter, p.epilogue = e;
  run(p, workspace, threads);
}

}  // namespace ISA
}  // namespace fastcnn
