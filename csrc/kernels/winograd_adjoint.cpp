// The input gradient of a 3x3 convolution without stride as the adjoint of Winograd's forward transform:
//
//   dx = sum over tiles of B [ (A dy A^T) * (G w G^T) ] B^T      *: element by element, summed over dy's channels
//
// A tile reads its own 4x4 outputs and nobody else's, and makes 6x6 pixels, which overlap those of its neighbours by
// two rows and columns. winograd.cpp takes 4x4 pixels of dx instead, which without padding are more tiles: 49 of an
// image of 26x26 pixels, here 36. Tiles go along the rows of an image; what a tile has for the next one in its row, and
// for the one below it, waits in two small arrays, one addition each, so that the order of sums is always the same.
// Threads take runs of tile rows; one that begins inside an image makes the row above once more, for its lower edge.
// Where that, and that rows cannot be dealt out evenly, costs more, each takes some panels of all rows instead.
#include "apply_activation.h"
#include "conv_parts.h"
#include "pack.h"
#include "point_product.h"
#include "runtime/parallel.h"
#include "sizes.h"
#include "winograd_dy.h"

namespace fastcnn {
namespace ISA {
namespace {

struct Plan {
  Tiles tiles;
  int64_t panels, channels, columns;       // channels of dy and of dx, padded
  int64_t parts;                           // of the panels, for a thread each; or 1
  int64_t block;                           // tiles whose products are made together
  int64_t zeros, u, v, m, across, beside;  // floats
  Plan(const Conv2d& g, int threads) : tiles(g.n, g.oh, g.ow) {
    panels = panel_count(g.c), channels = align16(g.k), columns = align16(g.c);
    int64_t rows = g.n * tiles.down, cut = ceil_div(rows, threads) + (g.n % threads ? 1 : 0);
    parts = g.n < 4 * threads && ceil_div(panels, threads) * rows < panels * cut ? least(panels, threads) : 1;
    block = least(tiles.count, g.k <= 128 && parts == 1 ? 12 : 24);
    zeros = channels, u = panels * adjoint_panel_floats(g);
    v = ceil_div(block, kTileRows) * kTileRows * kPoints * channels;
    m = ceil_div(block, kTileRows) * kTileRows * kPoints * kPanel;
    across = 2 * 6 * columns * tiles.across;  // of each tile of a row, its lower edge, half transformed
    beside = 6 * 2 * columns;                 // of the last tile, its right edge
  }
  int64_t own() const { return v + m + across + beside; }
};

struct Work {
  const Conv2d& g;
  const fastcnn_epilogue& epilogue;
  const Plan& plan;
  float* dx;
  Finish finish;
  bool later, past_caches, plain;
  Work(float* to, const Conv2d& geometry, const fastcnn_epilogue& e, const Plan& p)
      : g(geometry), epilogue(e), plan(p), dx(to) {
    later = finish_with(e, &finish);
    past_caches = !later && streams(dx, g.n * g.h * g.w * g.c, g.c);
    plain = !e.bias && !e.residual && !finish.clamp;
  }
};

// Where a tile's pixels lie, and which of them are complete and inside the image.
struct Patch {
  int64_t corner;  // of its first pixel in dx, which may lie outside
  int top, bottom, left, right;
  bool above, beside, last;  // there are tiles above it and before it in its row; none below it
  Patch(const Conv2d& g, Tile t) : above(t.i > 0), beside(t.j > 0), last(t.i + 4 >= g.oh) {
    int64_t a = t.i - g.top, b = t.j - g.left;
    corner = ((t.n * g.h + a) * g.w + b) * g.c;
    top = (int)least(6, most(0, -a)), bottom = (int)least(last ? 6 : 4, g.h - a);
    left = (int)least(6, most(0, -b)), right = (int)least(t.j + 4 >= g.ow ? 6 : 4, g.w - b);
  }
};

// Pixels [from, to) of a row, complete but for the epilogue.
__attribute__((noinline)) void finish_pixels(const Work& work, const vec* o, int64_t at, int from, int to,
                                             int64_t column, int live) {
  const fastcnn_epilogue& e = work.epilogue;
  for (int j = from; j < to; j++) {
    vec y = o[j];
    int64_t here = at + j * work.g.c;
    if (e.bias) y += load_first(e.bias + column, live);
    if (e.residual) y += load_first(e.residual + here, live);
    if (work.finish.clamp) y = min(splat(work.finish.high), max(splat(work.finish.low), y));
    if (e.gate) y = through(load_first(e.gate + here, live), y);
    if (work.past_caches)
      stream(work.dx + here, y);
    else
      store_first(work.dx + here, y, live);
  }
}

// B m B^T of one tile and one vector of channels: first along the columns of points, whose lower edges meet, then along
// rows, whose right ones do. Loops stay loops: unrolled, all of it would not fit the registers.
void transform_patch(const Work& work, const Patch& patch, bool only_below, const float* m, float* below, float* beside,
                     int64_t column, int live) {
  vec half[6][6];
  bool meets = patch.above;
#pragma GCC unroll 1
  for (int j = 0; j < 6; j++, m += kGroupPoint, below += 2 * kLanes) {
    vec d[6], o[6];
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) d[i] = load(m + i * 6 * kGroupPoint);
    input_rows(d, o);
    if (meets) o[0] += load(below), o[1] += load(below + kLanes);
    store(below, o[4]), store(below + kLanes, o[5]);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) half[i][j] = o[i];
  }
  if (only_below) return;
  int64_t c = work.g.c, row = work.g.w * c, at = patch.corner + patch.top * row + column;
  float* to = work.dx + at;
  const float* gate = work.epilogue.gate ? work.epilogue.gate + at : nullptr;
  bool quick = patch.left == 0 && patch.right >= 4 && work.plain && live == kLanes, past_caches = work.past_caches;
  int top = patch.top, bottom = patch.bottom, rows = patch.last ? 6 : 4, right = patch.right;
  meets = patch.beside;
#pragma GCC unroll 1
  for (int i = 0; i < rows; i++, beside += 2 * kLanes) {
    vec o[6];
    input_rows(half[i], o);
    if (meets) o[0] += load(beside), o[1] += load(beside + kLanes);
    store(beside, o[4]), store(beside + kLanes, o[5]);
    if (i < top || i >= bottom) continue;
    if (quick) {
      if (gate)
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) o[j] = through(load(gate + j * c), o[j]);
      if (past_caches)
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) stream(to + j * c, o[j]);
      else
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) store(to + j * c, o[j]);
    }
    if (!quick || right > 4) {
      vec copy[6] = {o[0], o[1], o[2], o[3], o[4], o[5]};
      finish_pixels(work, copy, to - work.dx, quick ? 4 : patch.left, right, column, live);
    }
    to += row, gate = gate ? gate + row : nullptr;
  }
}

// The pixels of `count` tiles from `tile` on, in one panel of channels; of those before `from` only what the row below
// wants. edges: what waits for tiles to come.
void transform_block(const Work& work, const float* m, int64_t panel, int width, Tile tile, int64_t skipped,
                     int64_t count, float* edges) {
  const Plan& plan = work.plan;
  int columns = (int)least(kPanel, work.g.c - panel * kPanel);
  float* beside = edges + plan.across;
  for (int64_t t = 0; t < count; t++, plan.tiles.advance(tile)) {
    Patch patch(work.g, tile);
    float* below = edges + tile.j / 4 * 12 * plan.columns;
    for (int k = 0; k < columns; k += kLanes) {
      int64_t column = panel * kPanel + k;
      transform_patch(work, patch, t < skipped, m + in_group(t, width) + k / kLanes * kGroupVector, below + 12 * column,
                      beside + 12 * column, column, (int)least(kLanes, columns - k));
    }
    if (work.later && t >= skipped)
      for (int i = patch.top; i < patch.bottom; i++)
        apply_activation(work.dx + patch.corner + (i * work.g.w + patch.left) * work.g.c + panel * kPanel,
                         patch.right - patch.left, columns, work.g.c, work.epilogue.activation, work.epilogue.alpha);
  }
}

void transform_tiles(float* v, const Plan& plan, const OutputGradient& dy, Tile tile, int64_t count) {
  for (int64_t t = 0; t < count; t++, plan.tiles.advance(tile))
    transform_gradient(v + in_group(t, dy.k), kGroupPoint, kGroupVector, 0, dy, tile, nullptr, false);
}

// Tile rows [first, last), counted through all images, of panels [first_panel, last_panel).
void rows_gradient(const Work& work, const OutputGradient& dy, const float* u, int64_t first, int64_t last,
                   int64_t first_panel, int64_t last_panel, float* own) {
  const Conv2d& g = work.g;
  const Plan& plan = work.plan;
  const Tiles& tiles = plan.tiles;
  float *v = own, *m = v + plan.v, *edges = m + plan.m;
  int64_t from = first * tiles.across, begin = first % tiles.down ? from - tiles.across : from,
          end = last * tiles.across, blocks = ceil_div(end - begin, plan.block);
  for (int64_t b = 0; b < blocks; b++) {
    int64_t at = begin + (end - begin) * b / blocks, next = begin + (end - begin) * (b + 1) / blocks, count = next - at;
    Tile tile = tiles.at(at);
    transform_tiles(v, plan, dy, tile, count);
    RunsAhead ahead;
    ahead.add({work.epilogue.gate, g.h, g.w, 4 * g.c, 4, -g.top, -g.left}, tiles, at, next);
    dy.ask(ahead, tiles, next, least(end, next + count));
    for (int64_t panel = first_panel; panel < last_panel; panel++) {
      int width = panel_width(g.c - panel * kPanel);
      group_products({m, v, u + panel * plan.u / plan.panels, g.k, count, width}, ahead);
      transform_block(work, m, panel, width, tile, most(0, from - at), count, edges);
    }
  }
  if (work.past_caches) stream_fence();
}

}  // namespace

// By the layer's shape alone: not where padding makes more outputs than there are pixels, or tiles of pixels need fewer
// products, nor with a filter that leaves the caches between two blocks of tiles.
bool takes_adjoint(const Conv2d& g) {
  Tiles pixels(1, g.h, g.w);
  pixels.sort(g.h, g.w, 1);
  return kPoints * Tiles(1, g.oh, g.ow).count <= pixels.products() && kPoints * g.c * g.k * 4 <= kSharedFilter;
}

size_t winograd_adjoint_workspace(const Conv2d& g, int threads) {
  Plan plan(g, threads);
  return (size_t)(plan.zeros + plan.u + threads * plan.own()) * 4;
}

void winograd_adjoint(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                      char* workspace, int threads) {
  Plan plan(g, threads);
  if (plan.tiles.count == 0) return;
  float *zeros = (float*)workspace, *u = zeros + plan.zeros, *own = u + plan.u;
  memset(zeros, 0, (size_t)plan.zeros * 4);
  int team = plan.tiles.count * kPoints * g.k * plan.panels * kTileVectors / 2 < kSerialWork ? 1 : threads;
  Work work(dx, g, e, plan);
  OutputGradient read(dy, zeros, g);
  if (team > 1 && plan.parts > 1)
    return parallel_tasks(team, plan.parts, [&](int64_t part, int thread) {
      int64_t panel = plan.panels * part / plan.parts, end = plan.panels * (part + 1) / plan.parts;
      adjoint_panels(u, filter, g, panel, end);
      rows_gradient(work, read, u, 0, g.n * plan.tiles.down, panel, end, own + thread * plan.own());
    });
  adjoint_filter(u, filter, g, team);
  // Whole images, where there are enough of them; a cut inside one costs a row of tiles.
  int64_t rows = g.n * plan.tiles.down, unit = g.n >= 4 * team || team == 1 ? plan.tiles.down : 1,
          tasks = least(rows / unit, unit > 1 ? 8 * team : team);
  parallel_tasks(team, tasks, [&](int64_t task, int thread) {
    rows_gradient(work, read, u, rows / unit * task / tasks * unit, rows / unit * (task + 1) / tasks * unit, 0,
                  plan.panels, own + thread * plan.own());
  });
}

}  // namespace ISA
}  // namespace fastcnn
