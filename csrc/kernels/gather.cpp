// The implicit GEMM behind convolution and its input gradient. Nothing is unrolled into columns: the micro-kernel gets
// a pointer per (tap, pixel), and pixels in the padding point at a row of zeros; a run that is partly there, at a copy.
//
// Order of loops: blocks of pixels outside, so that the x they see stays in L2; panels of output channels next; then
// the sum in blocks of kDepth, whose part of the filter stays in L2 while the pixels of the block pass by. With few
// pixels the filter is the larger side: then panels are outermost and each thread packs its own, block by block, into
// L2, while it multiplies with the block before.
#include "gather.h"

#include "apply_activation.h"
#include "gather_plain.h"
#include "gather_turned.h"
#include "pack.h"
#include "prologue.h"
#include "runtime/shares.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kBlockPixels = 128;                // of long sums
constexpr int64_t kMostPixels = 384;                 // of short ones
constexpr int64_t kBlockFloats = 24 << 10;           // up to here a block's pixels may be more than kBlockPixels
constexpr int64_t kSharedFilter = int64_t(8) << 20;  // bytes of the packed filter that all pixels see in turn
constexpr int64_t kFewPixels = 400;                  // up to this many the filter is packed panel by panel
constexpr int64_t kAskedDepth = 64;                  // of a sum: from here on x is asked for ahead,
constexpr int64_t kAskedFloats = 64 << 10;           // if it is as large as this
constexpr int64_t kAskedColumns = 64;                // and read for so many columns of the filter;
constexpr int64_t kNearFloats = 128 << 10;           // half of what a core has for itself
constexpr int64_t kLastTasks = 4;                    // of the last pixels of each thread, some panels each
constexpr int64_t kPanelsTogether = 512 / kPanel;    // packed in turn,
constexpr int64_t kRowsTogether = 32;                // so many rows of each,
constexpr int64_t kRowsOfTask = 128;                 // up to about so many
constexpr int64_t kScratch = 128;                    // bytes of what a thread has packed

// The sum over (tap, run) cut into blocks: several whole taps, or equal pieces of one.
struct Blocks {
  int64_t taps_each, piece;
  Blocks(int64_t taps, int64_t run) {
    piece = depth_of_block(run);
    taps_each = run >= kDepth ? 1 : kDepth / run;
    if (taps_each > taps) taps_each = taps;
  }
};

// A thread's pointers for one block of pixels.
struct Pointers {
  const float** rows;               // [tap][pixel]: what the micro-kernel reads
  float** out;                      // [pixel]
  int64_t *corner, *down, *across;  // [pixel]: offset, row and column in x of output (i, j), before any tap
  Pointers(char* memory, int64_t taps, int64_t count) {
    rows = (const float**)memory;
    out = (float**)(rows + taps * count);
    corner = (int64_t*)(out + count), down = corner + count, across = down + count;
  }
  static int64_t bytes(int64_t taps, int64_t count) { return align64((taps + 4) * count * (int64_t)sizeof(void*)); }
};

// Two blocks of the filter, packed by the thread that reads them: one is filled while the other is multiplied.
struct Scratch {
  int64_t at;       // of what `packing` fills: its panel and how far into the sum it begins, as one number; or -1
  int64_t now;      // which of the blocks is multiplied
  Packing packing;  // of the other
  static int64_t bytes(const Blocks& k) { return align64(k.taps_each * k.piece * kPanel * 4); }
  float* block(const Blocks& k, int64_t i) { return (float*)((char*)this + kScratch + i * bytes(k)); }
};
static_assert(sizeof(Scratch) <= kScratch);

// Panels [begin, end) of `count` pixels.
struct Task {
  int64_t begin, end, first, count;
};

struct Layout {
  bool shared;                  // the whole filter is packed once, for all threads
  int64_t blocks, block;        // pixel blocks and the pixels of one
  int64_t split;                // parts of the panels, one after the other: each fits the shared cache
  int64_t whole = 0;            // so many panels are a task each, with all pixels: the same number for every thread
  int64_t share = 0, last = 1;  // blocks of a thread's own, if each has all panels; tasks of the last one: some panels
  int64_t zeros, packed, rows;  // bytes: a row of zeros; the packed filter (shared, or a thread's block); pointers
  int64_t normalised;           // bytes: a block of pixels read through the prologue
  int64_t patches;              // bytes: the runs of a block that are partly outside x
  Layout(int64_t pixels, int64_t taps, int64_t run, int64_t columns, int threads, bool prologue, bool patched) {
    int64_t panels = panel_count(columns);
    shared = pixels > kFewPixels;
    if (shared) {
      int64_t each = least(least(kMostPixels, kBlockFloats / (taps * run + 1)), pixels / (8 * threads));
      int64_t bytes = taps * run * padded_columns(columns) * 4;
      split = (bytes + kSharedFilter - 1) / kSharedFilter;
      if (split > 1) each = least(2 * kBlockPixels, pixels / (8 * threads));
      blocks = ceil_div(ceil_div(pixels, most(each, kBlockPixels)), threads) * threads;
      while (blocks * split < 4 * threads && split < panels) split++;
      if (split > panels) split = panels;
      if (split == 1) share = blocks / threads;
      if (threads > 1 && !prologue && !patched) last = least(panels, kLastTasks);
    } else {
      split = panels;
      blocks = threads;
      whole = columns / kPanel / threads * threads;
    }
    block = pixels / blocks + (pixels % blocks != 0);
    Blocks k(taps, run);
    int64_t most_pixels = whole ? pixels : block;
    zeros = align64(run * 4);
    packed = shared ? align64(taps * run * padded_columns(columns) * 4) : kScratch + 2 * Scratch::bytes(k);
    rows = Pointers::bytes(taps, most_pixels);
    normalised = prologue ? most_pixels * align64(run * 4) : 0;
    patches = patched ? taps * most_pixels * align64(run * 4) : 0;
  }
  int64_t tasks() const { return share ? blocks / share * (share - 1 + last) : whole + (split - whole) * blocks; }
  Task task(int64_t i, int64_t pixels, int64_t panels) const {
    if (share) {
      const int64_t each = share - 1 + last, own = i % each, part = most(0, own - share + 1);
      const int64_t first = (i / each * share + own - part) * block, parts = own < share - 1 ? 1 : last;
      return {panels * part / parts, panels * (part + 1) / parts, first, least(block, pixels - first)};
    }
    if (i < whole) return {i, i + 1, 0, pixels};
    int64_t part = whole + (i - whole) / blocks, first = (i - whole) % blocks * block;
    return {panels * part / split, panels * (part + 1) / split, first, least(block, pixels - first)};
  }
  int64_t own() const { return rows + normalised + patches + (shared ? 0 : packed); }
  size_t bytes(int threads) const { return (size_t)(zeros + (shared ? packed : 0) + threads * own()); }
};

// A run whose columns, from `column` on, are partly outside x: a copy with zeros there.
void patch(const Gather& g, const float* row, int64_t column, float* to) {
  int64_t shift = column * g.x_pixel, before = least(g.run, most(0, -shift));
  int64_t live = least(g.run, g.w * g.x_pixel - shift) - before;
  for (int64_t i = 0; i < g.run; i += kLanes) store(to + i, zero());
  for (int64_t i = 0; i < live; i += kLanes) {
    int lanes = (int)least(kLanes, live - i);
    store_first(to + before + i, load_first(row + shift + before + i, lanes), lanes);
  }
}

// Pointers to the runs that neighbouring pixels of a row see, the first of them at (down, across) of an image. Runs of
// all taps begin in the same column.
void point_wide(const Gather& g, const float* image, int64_t down, int64_t across, int64_t count, int64_t stride,
                const float* zeros, const float** rows, float* patches) {
  int64_t step = g.step_w, j = across + g.tap_w[0], last = g.w - g.reach;
  int64_t begin = 0, end = count;
  while (begin < count && j + begin * step < 0) begin++;
  while (end > begin && j + (end - 1) * step > last) end--;
  for (int64_t t = 0; t < g.taps; t++, rows += stride, patches += stride * align16(g.run)) {
    int64_t i = down + g.tap_h[t];
    const float* row = image + i * g.x_row;
    if ((uint64_t)i >= (uint64_t)g.h) {
      for (int64_t q = 0; q < count; q++) rows[q] = zeros;
      continue;
    }
    for (int64_t q = begin; q < end; q++) rows[q] = row + (j + q * step) * g.x_pixel;
    for (int64_t q = begin > 0 ? 0 : end; q < count; q = q + 1 == begin ? end : q + 1) {
      float* to = patches + q * align16(g.run);
      patch(g, row, j + q * step, to);
      rows[q] = to;
    }
  }
}

// The pointers of pixels [first, first + count). The loops over pixels are plain, for the compiler to vectorise.
void point(const Gather& g, int64_t first, int64_t count, const float* zeros, const Pointers& to, float* patches) {
  int64_t n = first / (g.oh * g.ow), i = first / g.ow % g.oh, j = first % g.ow;
  const bool wide = g.reach > 1 && !g.inside;
  for (int64_t p = 0, run; p < count; p += run) {  // runs of pixels of one row
    run = g.ow - j < count - p ? g.ow - j : count - p;
    float* out = g.y + n * g.y_image + i * g.y_row + j * g.y_pixel;
    int64_t down = i * g.step_h, corner = n * g.x_image + down * g.x_row + j * g.step_w * g.x_pixel;
    for (int64_t q = 0; q < run; q++) to.out[p + q] = out + q * g.y_pixel;
    for (int64_t q = 0; q < run; q++) to.corner[p + q] = corner + q * g.step_w * g.x_pixel;
    if (wide) {
      point_wide(g, g.x + n * g.x_image, down, j * g.step_w, run, count, zeros, to.rows + p,
                 patches + p * align16(g.run));
    } else if (!g.inside) {
      for (int64_t q = 0; q < run; q++) to.down[p + q] = down;
      for (int64_t q = 0; q < run; q++) to.across[p + q] = (j + q) * g.step_w;
    }
    j = 0;
    if (++i == g.oh) i = 0, n++;
  }
  for (int64_t t = 0; t < g.taps && !wide; t++) {
    int64_t tap_h = g.tap_h[t], tap_w = g.tap_w[t], shift = tap_h * g.x_row + tap_w * g.x_pixel;
    const float** rows = to.rows + t * count;
    if (g.inside) {
      for (int64_t p = 0; p < count; p++) rows[p] = g.x + (to.corner[p] + shift);
    } else {
      for (int64_t p = 0; p < count; p++) {
        bool in = ((uint64_t)(to.down[p] + tap_h) < (uint64_t)g.h) & ((uint64_t)(to.across[p] + tap_w) < (uint64_t)g.w);
        rows[p] = in ? g.x + (to.corner[p] + shift) : zeros;
      }
    }
  }
}

[[gnu::noinline]] void pack_filter(const Gather& g, float* to, int64_t tap, int64_t from, int64_t depth, int64_t column,
                                   int columns) {
  const float* filter = g.filter + g.tap_at[tap];
  if (g.transposed)
    pack_turned(to, filter + column * g.run_stride + from, g.run_stride, depth, columns);
  else
    pack_rows(to, filter + from * g.run_stride + column, g.run_stride, depth, columns);
}

int columns_of(const Gather& g, int64_t panel) {
  int64_t left = g.columns - panel * kPanel;
  return (int)(left < kPanel ? left : kPanel);
}

// The block's pixels through the prologue, and the pointers to them.
void normalise_block(const Gather& g, const float** rows, int64_t count, const float* zeros, float* to) {
  for (int64_t p = 0; p < count; p++, to += align16(g.run)) {
    if (rows[p] == zeros) continue;
    if (p + 1 < count)
      for (int64_t i = 0; i < g.run; i += 16) __builtin_prefetch(rows[p + 1] + i);
    normalise_pixel(to, rows[p], g.run, *g.prologue);
    rows[p] = to;
  }
}

// Where the window of output pixel p begins in x, but for the taps.
int64_t corner_of(const Gather& g, int64_t p) {
  int64_t n = p / (g.oh * g.ow), i = p / g.ow % g.oh, j = p % g.ow;
  return n * g.x_image + i * g.step_h * g.x_row + j * g.step_w * g.x_pixel;
}

// Whether the pixels of x lie one after the other, as the outputs do: prefetchers see them coming.
bool is_run(const Gather& g) {
  return g.taps == 1 && g.inside && g.step_h == 1 && g.step_w == 1 && g.x_pixel == g.run && g.oh == g.h && g.ow == g.w;
}

// Whether windows see all of an x that may have left a core's cache: then it is read as it lies, while the outputs go
// on. Not for short sums, which are over before it comes, or few columns, beside which the asking would count.
bool is_long_run(const Gather& g) {
  if (g.taps * g.run < kAskedDepth || g.taps * g.columns < kAskedColumns || g.x_pixel != g.run ||
      g.n * g.x_image < kAskedFloats)
    return false;
  auto covers = [&](const int64_t* tap, int64_t step) {
    int64_t reach = tap[g.taps - 1] - tap[0];
    return (reach < 0 ? -reach : reach) + 1 >= step;
  };
  return covers(g.tap_h, g.step_h) && covers(g.tap_w, g.step_w);
}

// Of such an x, what another block will read for pixels [first, first + count), the panel's share; count may be 0.
Ahead next_pixels(const Gather& g, int64_t first, int64_t count, int64_t panel, int64_t begin, int64_t end) {
  if (count <= 0) return {};
  int64_t at = corner_of(g, first), lines = (corner_of(g, first + count) - at) / 16;
  int64_t from = lines * (panel - begin) / (end - begin), to = lines * (panel - begin + 1) / (end - begin);
  return {g.x + at + from * 16, to - from, 16, 1};
}

// The whole filter, if it is asked for, because its blocks are not in a core's cache when they are read; and the panel
// that the thread takes after this one, -1 where that is not known. Pixels that the thread takes next go before it.
struct Soon {
  const float* filter;
  int64_t panel;
  Ahead pixels;
  bool first, last;  // of the panels with these pixels
};

// The block of the filter that comes after `done` steps of a panel's sum.
Ahead after(const Gather& g, int64_t panel, int64_t done, const Soon& soon) {
  int64_t depth = g.taps * g.run;
  if (done == depth) {
    if (soon.panel < 0) return {};
    panel = soon.panel, done = 0;
  }
  Blocks k(g.taps, g.run);
  int64_t width = panel_width(columns_of(g, panel)), steps = least(k.taps_each * k.piece, depth - done);
  return {soon.filter + panel * kPanel * depth + done * width, steps * width / 16, 16, 1};
}

// A block of the sum: `taps` whole taps from `tap` on, or `depth` of one from `from` on.
struct Block {
  int64_t tap, from, taps, depth;
  Block(const Gather& g, const Blocks& k, int64_t tap, int64_t from)
      : tap(tap), from(from), taps(least(g.taps - tap, k.taps_each)), depth(least(g.run - from, k.piece)) {}
  bool last(const Gather& g) const { return g.taps == 0 || (tap + taps == g.taps && from + depth == g.run); }
  Block next(const Gather& g, const Blocks& k) const {
    return from + depth == g.run ? Block(g, k, tap + taps, 0) : Block(g, k, tap, from + depth);
  }
};

// The block of the filter, unless it has been packed, or some rows of it.
[[gnu::noinline]] const float* packed_block(const Gather& g, const Blocks& k, const Block& b, int64_t panel,
                                            Scratch& scratch) {
  const int columns = columns_of(g, panel);
  const int64_t begin = b.tap * g.run + b.from;
  int64_t done = 0;
  if (scratch.at == panel * g.taps * g.run + begin) done = most(0, scratch.packing.done), scratch.now ^= 1;
  scratch.at = -1;
  float* to = scratch.block(k, scratch.now);
  if (done) {
    pack_rows(to + done * kPanel, scratch.packing.from - kPackedAhead * g.run_stride, g.run_stride,
              b.taps * b.depth - done, columns);
    return to;
  }
  for (int64_t t = 0; t < b.taps; t++)
    pack_filter(g, to + t * b.depth * panel_width(columns), b.tap + t, b.from, b.depth, panel * kPanel, columns);
  return to;
}

// Has that block packed or, if transposed, asked for while another one is multiplied with enough pixels.
bool pack_ahead(const Gather& g, const Blocks& k, const Block& b, int64_t panel, Scratch& scratch) {
  if (g.taps == 0 || columns_of(g, panel) < kPanel) return false;
  const float* from = g.filter + g.tap_at[b.tap];
  const int64_t step = g.run_stride;
  if (g.transposed) {
    const int64_t line = ceil_div(b.depth, kPanel);
    scratch.packing = {
        from + panel * kPanel * step + b.from, kPanel, nullptr, line * kPanel, 0, line, step - line * kPanel};
    return true;
  }
  if (b.taps > 1 && g.tap_at[b.tap + 1] - g.tap_at[b.tap] != g.run * step) return false;
  scratch.at = (panel * g.taps + b.tap) * g.run + b.from;
  scratch.packing = {from + b.from * step + panel * kPanel, step, scratch.block(k, scratch.now ^ 1), b.taps * b.depth};
  return true;
}

// The shared filter is packed in tasks: some rows of some panels, so that it is read in runs of 2 KiB.
struct PackTasks {
  int64_t together, groups, pieces, count;
  explicit PackTasks(const Gather& g);
  void pack(float* to, const Gather& g, int64_t task) const;
};

// One panel of one pixel block; out is left pointing at the next panel's columns. whole: the packed panel, or null: it
// is packed into a thread's scratch, a block of the sum at a time.
void panel_product(const Gather& g, const float* whole, const Soon& soon, Scratch* scratch, bool cold, int64_t panel,
                   const float** rows, float* const* out, int64_t count) {
  Blocks k(g.taps, g.run);
  int columns = columns_of(g, panel), width = panel_width(columns);
  Finish finish;
  bool later = finish_with(g.epilogue, &finish);
  finish.origin = (const char*)g.y_origin;
  finish.residual = (const char*)g.epilogue.residual;
  finish.gate = (const char*)g.epilogue.gate;
  finish.bias = g.epilogue.bias ? g.epilogue.bias + panel * kPanel : nullptr;
  finish.stream = g.stream && !later && k.taps_each == g.taps && k.piece == g.run;
  finish.asked = !soon.first, finish.next = soon.last ? 0 : kPanel;
  for (Block block(g, k, 0, 0);; block = block.next(g, k)) {
    const int64_t begin = block.tap * g.run + block.from;
    const float* b = whole ? whole + begin * width : packed_block(g, k, block, panel, *scratch);
    finish.accumulate = begin > 0;
    finish.last = block.last(g);  // no taps: zeros
    Segments a{rows + block.tap * count, count, block.taps, block.depth, 1, block.from, cold};
    if (soon.pixels.rows) {  // while a block of full length is multiplied: shorter ones have no time for it
      const int64_t steps = k.taps_each * k.piece, of = g.taps * g.run / steps, i = begin / steps;
      const int64_t lines = soon.pixels.rows, at = lines * i / of;
      if (i < of) a.ahead = {soon.pixels.from + at * 16, lines * (i + 1) / of - at, 16, 1};
    }
    if (soon.filter && !a.ahead.rows) a.ahead = after(g, panel, begin + block.taps * block.depth, soon);
    if (!whole && count >= kPackedRows &&
        (finish.last ? soon.panel >= 0 && pack_ahead(g, k, Block(g, k, 0, 0), soon.panel, *scratch)
                     : pack_ahead(g, k, block.next(g, k), panel, *scratch)))
      a.packing = &scratch->packing;
    micro_rows(a, b, width, out, count, columns, finish);
    if (finish.last) break;
  }
  for (int64_t i = 0, run; i < count && later; i += run) {
    for (run = 1; i + run < count && out[i + run] == out[i] + run * g.y_pixel;) run++;
    apply_activation(out[i], run, columns, g.y_pixel, g.epilogue.activation, g.epilogue.alpha);
  }
}

}  // namespace

[[gnu::noinline]] void pack_turned(float* to, const float* from, int64_t stride, int64_t depth, int columns) {
  pack_columns(to, from, stride, depth, columns);
}

size_t gather_workspace(int64_t pixels, int64_t taps, int64_t run, int64_t columns, int threads, bool prologue,
                        bool patched) {
  const size_t bytes = Layout(pixels, taps, run, columns, threads, prologue, patched).bytes(threads);
  const size_t turned = pixels <= kFewPixels ? (size_t)turned_bytes(run) : 0;
  return bytes > turned ? bytes : turned;
}

int64_t gather_packed_floats(int64_t taps, int64_t run, int64_t columns) {
  return taps * run * padded_columns(columns);
}

PackTasks::PackTasks(const Gather& g) {
  together = g.transposed ? 1 : kPanelsTogether;
  groups = ceil_div(panel_count(g.columns), together), pieces = g.transposed ? 1 : ceil_div(g.run, kRowsOfTask);
  count = groups * g.taps * pieces;
}

void PackTasks::pack(float* to, const Gather& g, int64_t task) const {
  const int64_t tap = task / pieces % g.taps, begin = task / pieces / g.taps * together;
  const int64_t end = least(begin + together, panel_count(g.columns)), last = g.run * (task % pieces + 1) / pieces;
  for (int64_t from = g.run * (task % pieces) / pieces, depth; from < last; from += depth) {
    depth = g.transposed ? last - from : least(last - from, kRowsTogether);
    for (int64_t panel = begin; panel < end; panel++) {
      const int columns = columns_of(g, panel), width = panel_width(columns);
      float* block = to + panel * kPanel * g.taps * g.run + (tap * g.run + from) * width;
      pack_filter(g, block, tap, from, depth, panel * kPanel, columns);
    }
  }
}

void gather_pack(float* to, const Gather& g, int threads) {
  const int64_t work = g.taps * g.run * padded_columns(g.columns) / (g.transposed ? 4 : 16);
  const PackTasks tasks(g);
  parallel_tasks(work < kSerialWork ? 1 : threads, tasks.count, [&](int64_t task, int) { tasks.pack(to, g, task); });
}

void gather_product(const Gather& g, char* workspace, int threads) {
  int64_t pixels = g.n * g.oh * g.ow, panels = panel_count(g.columns);
  if (pixels == 0) return;
  Layout layout(pixels, g.taps, g.run, g.columns, threads, g.prologue, g.reach > 1 && !g.inside);
  int team = pixels * (g.taps + 1) * g.run * panels * kTileVectors / 2 < kSerialWork ? 1 : threads;
  if (!layout.shared && is_run(g) && takes_turned(g)) return turned_product(g, (float*)workspace, team);
  float* zeros = (float*)workspace;
  memset(zeros, 0, (size_t)layout.zeros);
  float* packed = (float*)(workspace + layout.zeros);
  char* own = workspace + layout.zeros + (layout.shared ? layout.packed : 0);
  bool one_run = is_run(g), long_run = layout.shared && is_long_run(g),
       whole = g.prepared || layout.shared;  // or panel by panel
  if (layout.shared && !g.prepared) gather_pack(packed, g, team);
  const float* filter = g.prepared ? g.prepared : packed;
  if (layout.shared && layout.block >= kPlainRows && takes_plain(g))
    return plain_product(g, filter, team, own + layout.rows, layout.own(), layout.block);
  auto scratch_of = [&](int thread) {
    return (Scratch*)(own + thread * layout.own() + layout.rows + layout.normalised + layout.patches);
  };
  for (int i = 0; i < team && !layout.shared; i++) scratch_of(i)->at = -1, scratch_of(i)->now = 0;
  const bool near = layout.shared && layout.split == 1;  // else threads keep to the same part of the filter
  const int64_t panel_floats = kPanel * g.taps * g.run;
  const bool asks = whole && (!layout.shared || layout.packed > kSharedFilter);
  auto task = [&](int64_t i, int thread) {
    Task t = layout.task(i, pixels, panels);
    if (t.count <= 0) return;
    Pointers to(own + thread * layout.own(), g.taps, t.count);
    float* normalised = (float*)(own + thread * layout.own() + layout.rows);
    float* patches = normalised + layout.normalised / 4;
    point(g, t.first, t.count, zeros, to, patches);
    if (g.prologue) normalise_block(g, to.rows, t.count, zeros, normalised);
    for (int64_t p = 0; p < t.count; p++) to.out[p] += t.begin * kPanel;
    for (int64_t panel = t.begin; panel < t.end; panel++) {
      const float* b = whole ? filter + panel * panel_floats : nullptr;
      int64_t next = i + team < layout.whole                     ? panel + team
                     : i < layout.whole && layout.whole < panels ? layout.whole
                     : panel + 1 < t.end                         ? panel + 1
                     : layout.shared                             ? t.begin
                                                                 : -1;
      bool cold = panel == t.begin && (layout.shared || i < team) && g.taps == 1 && !one_run && !g.prologue;
      Ahead later{};
      const int64_t ahead = t.first + (near ? 1 : team) * layout.block;
      if (long_run && !(near && ahead % (layout.share * layout.block) == 0)) {
        const int64_t from = most(t.begin, t.end - most(1, kNearFloats / panel_floats));  // or the filter drives it out
        if (panel >= from) later = next_pixels(g, ahead, least(layout.block, pixels - ahead), panel, from, t.end);
      }
      panel_product(g, b, {asks ? filter : nullptr, next, later, panel == t.begin, panel + 1 == t.end},
                    layout.shared ? nullptr : scratch_of(thread), cold, panel, to.rows, to.out, t.count);
      for (int64_t p = 0; p < t.count; p++) to.out[p] += kPanel;
    }
    if (g.stream) stream_fence();
  };
  if (near)
    parallel_shares(team, layout.tasks(), task);
  else
    parallel_tasks(team, layout.tasks(), task);
}

}  // namespace ISA
}  // namespace fastcnn
