// The weight gradient: dw[m, :] = sum over pixels of window[pixel, m] * dy[pixel, :], where m runs over (r, s, c).
//
// A product over pixels, in blocks of kPixels of them. Of a block, dy stays in L2, in panels or as it lies, while packs
// of kPack columns of the windows pass by, copied side by side (which settles stride, dilation, padding and prologue)
// or as they lie. Memory is never waited for: while one pack is multiplied, the lines of the next are asked for and
// copied some pixels at a time, and likewise, all along a block, the dy of the next block, be it another task's. So
// lines rest in the caches only until they are copied: over a stride of some KiB few of them fit there.
//
// Where dw's columns are few, or x has fewer channels than dy and would be copied less than dy, a 1x1 filter's product
// is exchanged: dw^T = dy^T x. Then dy lies as it is and x is what stays in L2, copied through its prologue if it has
// one. Each sum is the same.
//
// Few filters with many pixels are cut into chunks of pixels with sums of their own, added in order: how many is a
// matter of the shape alone, so threads change no bits. db, where it is wanted, is summed from the panels of dy.
#include "conv_parts.h"
#include "pack.h"
#include "prologue.h"
#include "runtime/phases.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kPixels = 256;                    // of a block: its dy, twice, and two packs of windows stay in L2
constexpr int64_t kPack = 64;                       // columns of windows packed together: whole vectors on every ISA
constexpr int64_t kPanelColumns = 64, kPanels = 4;  // in the plan, which must not depend on the ISA
constexpr int64_t kExchanged = 128;                 // channels of x at most: its panels leave L2 room for many sums
constexpr int64_t kChunkTasks = 16;                 // that chunks of pixels make up for where there are few filters
constexpr int64_t kChunkPacks = 4;                  // of which one task can do with
constexpr int64_t kTasks = 6;                       // a thread, at most, where rows are dealt out
constexpr int64_t kCopy = 24;                       // products that copying a float costs as much as
constexpr int64_t kInPlace = int64_t(384) << 10;    // bytes of a block of x and dy that can be used as they lie
constexpr int64_t kKept = int64_t(512) << 10;       // bytes of columns that stay in L2 from one task to the next
constexpr int64_t kTogether = 8;                    // pixels that are brought at a time, at least
constexpr int64_t kL1 = int64_t(48) << 10;
constexpr int64_t kAdded = 2048, kAddedColumns = 64;  // floats of a piece of the last sum; of its rows, exchanged
constexpr int64_t kAddedApart = int64_t(512) << 10;   // floats that are added up

// The windows of a 1x1 filter without stride or padding are x as it stands, but for a prologue.
bool plain(const Conv2d& g) {
  return g.kh == 1 && g.kw == 1 && g.stride_h == 1 && g.stride_w == 1 && g.top == 0 && g.left == 0 && g.oh == g.h &&
         g.ow == g.w;
}

// A task: rows [m, m_end) of dw and `columns` columns, of one group, summed over the pixels of one chunk.
struct Part {
  int64_t group, chunk, row_part, m, m_end, column, columns;
};

// A part and one block of its pixels; `count` is 0 where there is none.
struct Block {
  Part part;
  int64_t piece, first, count;
  int64_t packs() const { return ceil_div(part.m_end - part.m, kPack); }
  int64_t pack_columns(int64_t pack) const { return least(kPack, part.m_end - part.m - pack * kPack); }
  int64_t panels() const { return ceil_div(part.columns, kPanel); }
  int panel_columns(int64_t panel) const { return (int)least(kPanel, part.columns - panel * kPanel); }
};

struct Plan {
  int64_t pixels, m, columns;  // the product's sizes, of one group
  int64_t chunks;              // of pixels: with kPixels these decide the bits, all below does not
  bool exchanged;              // the product is dy^T x
  int64_t all_packs, row_parts = 1, all_panels, column_parts;
  int64_t row_floats, column_floats;  // from one pixel to the next, of what rows and columns are made from
  bool rows_in_place;
  bool rows_whole;  // the rows of a block, in place, stay in L2 like its columns
  __attribute__((noinline)) Plan(const Conv2d& g, int threads) {
    pixels = g.n * g.oh * g.ow;
    set_sizes(g.kh * g.kw * (g.c / g.groups), g.k / g.groups);
    int64_t parts = ceil_div(all_packs, kChunkPacks) * column_parts * g.groups;
    chunks = least(ceil_div(kChunkTasks, parts), ceil_div(pixels, 4 * kPixels) * 2);
    if (pixels < 4 * kPixels) chunks = 1;
    bool fewer = columns < kPanelColumns ? m > columns : m >= kPanelColumns && m <= least(columns, kExchanged);
    exchanged = fewer && plain(g) && g.groups == 1 && chunks > 1;
    if (exchanged) set_sizes(g.k, g.c);
    row_floats = exchanged ? g.k : g.c, column_floats = exchanged ? g.c : g.k;

    int64_t others = chunks * g.groups * column_parts, best = 0;
    for (int64_t i = 1; i <= least(all_packs, kTasks * threads); i++) {
      int64_t rows = ceil_div(all_packs, i) * kPack, part_columns = least(columns, kPanels * kPanelColumns);
      int64_t task = rows * part_columns + kCopy * (rows + part_columns);
      int64_t time = (4 * ceil_div(others * i, threads) + 1) * task;
      if (i == 1 || time < best) row_parts = i, best = time;
    }
    // Few rows in place cost little to read again: then parts of columns, of which each is copied once. Short sums
    // store more than they read.
    rows_in_place = exchanged || (plain(g) && !g.prologue);
    bool again = rows_in_place && pixels >= kPixels / 2 && ceil_div(pixels, chunks) * m * 4 <= 2 * kKept;
    if (again && !columns_fit(g) && all_panels % (column_parts * row_parts) == 0)
      column_parts *= row_parts, others *= row_parts, row_parts = 1;
    if (others * row_parts < threads)
      column_parts = least(all_panels, column_parts * ceil_div(threads, others * row_parts));
    rows_whole = rows_in_place && row_parts == 1 &&
                 kPixels * (row_floats + least(column_floats, kPanels * kPanelColumns)) * 4 <= kInPlace;
  }
  // Whether columns can be read where they lie. A panel that fits L1 is worth copying, and so are vectors that begin
  // within a line, which only the array will tell.
  bool columns_fit(const Conv2d& g) const {
    bool whole_rows = columns == column_floats && column_parts == 1 && columns % kLanes == 0;
    return kPanel * kPixels * 4 > kL1 && whole_rows && kPixels * columns * 4 <= kInPlace && !(exchanged && g.prologue);
  }
  void set_sizes(int64_t rows, int64_t all_columns) {
    m = rows, columns = all_columns;
    all_packs = ceil_div(m, kPack), all_panels = ceil_div(columns, kPanelColumns);
    column_parts = ceil_div(all_panels, kPanels);
  }
  int64_t tasks(const Conv2d& g) const { return g.groups * chunks * row_parts * column_parts; }
  Part part(int64_t task) const {
    int64_t i = task % column_parts, r = task / column_parts % row_parts, rest = task / column_parts / row_parts;
    int64_t from = all_panels * i / column_parts * kPanelColumns;
    int64_t to = all_panels * (i + 1) / column_parts * kPanelColumns;
    return {rest / chunks,
            rest % chunks,
            r,
            all_packs * r / row_parts * kPack,
            least(m, all_packs * (r + 1) / row_parts * kPack),
            rest / chunks * columns + from,
            least(columns, to) - from};
  }
  // Piece `piece` of a part's pixels: the pieces of a chunk are equally long.
  Block block(const Part& part, int64_t piece) const {
    int64_t begin = pixels * part.chunk / chunks, size = pixels * (part.chunk + 1) / chunks - begin;
    int64_t pieces = ceil_div(size, kPixels), from = size * piece / pieces;
    return {part, piece, begin + from, piece < pieces ? size * (piece + 1) / pieces - from : 0};
  }
  int64_t size(const Conv2d& g) const { return g.kh * g.kw * (g.c / g.groups) * g.k; }  // of dw
  int64_t partial(const Conv2d& g) const { return align64((size(g) + g.k) * 4) / 4; }   // floats of a chunk's dw and db
  int64_t partial_bytes(const Conv2d& g) const { return chunks > 1 ? chunks * partial(g) * 4 : 0; }
  int64_t pack_floats() const { return rows_in_place ? 0 : kPixels * kPack; }
  int64_t panels_floats() const { return kPixels * kPanelColumns * ceil_div(all_panels, column_parts); }
  int64_t own() const { return 2 * 4 * (pack_floats() + panels_floats()); }
};

// at[i] = where the windows of pixel first + i lie in x at tap `tap`, -1 in the padding.
void find_windows(int64_t* at, const Conv2d& g, int64_t tap, int64_t first, int64_t count) {
  int64_t down = tap / g.kw * g.dilation_h - g.top, right = tap % g.kw * g.dilation_w - g.left;
  int64_t n = first / (g.oh * g.ow), i = first / g.ow % g.oh, j = first % g.ow;
  for (int64_t p = 0, run; p < count; p += run, j = 0) {  // runs of pixels of one row
    run = least(g.ow - j, count - p);
    int64_t a = i * g.stride_h + down, b = j * g.stride_w + right, from = ((n * g.h + a) * g.w + b) * g.c;
    bool in = (uint64_t)a < (uint64_t)g.h;
    for (int64_t q = 0; q < run; q++)
      at[p + q] = in && (uint64_t)(b + q * g.stride_w) < (uint64_t)g.w ? from + q * g.stride_w * g.c : -1;
    if (++i == g.oh) i = 0, n++;
  }
}

// Window columns [m0, m0 + width) of pixels [first, first + count), kPack floats apart; zeros in the padding.
void pack_windows(float* to, const float* x, const Conv2d& g, int64_t m0, int64_t width, int64_t first, int64_t count) {
  int64_t cg = g.c / g.groups, at[kPixels];
  for (int64_t done = 0, length; done < width; done += length) {
    int64_t tap = (m0 + done) / cg, from = (m0 + done) % cg;
    length = least(cg - from, width - done);
    find_windows(at, g, tap, first, count);
    for (int64_t v = 0; v < length; v += kLanes) {
      int live = (int)least(kLanes, length - v);
      const float* in = x + from + v;
      float* out = to + done + v;
      auto copy = [&](auto read) {
        for (int64_t p = 0; p < count; p++, out += kPack)
          store_first(out, at[p] < 0 ? zero() : read(load_first(in + at[p], live)), live);
      };
      if (g.prologue)
        copy(Normaliser(*g.prologue, from + v, live));
      else
        copy([](vec value) { return value; });
    }
  }
}

// db[j] (+)= the sum of column j of `count` rows.
void add_columns(float* db, const float* rows, int64_t step, int64_t count, int64_t width, bool accumulate) {
  for (int64_t j = 0; j < width; j += kLanes) {
    int live = (int)least(kLanes, width - j);
    vec sum = zero();
    for (int64_t p = 0; p < count; p++) sum += load_first(rows + p * step + j, live);
    store_first(db + j, accumulate ? load_first(db + j, live) + sum : sum, live);
  }
}

// to[p][j] = the normalised from[p * stride + j], in panels as pack_rows makes them. `beside` is asked for meanwhile,
// beside_step floats a row: few rows make tiles too narrow to ask for it.
template <int NV>
void normalise_rows(float* to, const float* from, int64_t stride, int64_t count, const fastcnn_prologue& prologue,
                    int64_t channel, int columns, const float* beside, int64_t beside_step) {
  if constexpr (NV > 1) {
    if (columns <= (NV - 1) * kLanes)
      return normalise_rows<NV - 1>(to, from, stride, count, prologue, channel, columns, beside, beside_step);
  }
  int tail = columns - (NV - 1) * kLanes;
  struct {
    vec mean, scale, shift;
  } of[NV];
  for (int v = 0; v < NV; v++) {
    Normaliser n(prologue, channel + v * kLanes, v + 1 < NV ? kLanes : tail);
    of[v] = {n.mean, n.scale, n.shift};
  }
  Normaliser one(prologue, channel, 0);
  for (int64_t p = 0; p < count; p++, from += stride, beside += beside_step) {
    for (int j = columns - 1; j >= 0; j -= 16) __builtin_prefetch(from + kRowsAhead * stride + j);
    __builtin_prefetch(beside);
#pragma GCC unroll 4
    for (int v = 0; v < NV; v++, to += kLanes) {
      one.mean = of[v].mean, one.scale = of[v].scale, one.shift = of[v].shift;
      store(to, one(v + 1 < NV ? load(from + v * kLanes) : load_first(from + v * kLanes, tail)));
    }
  }
}

// Pixels of a block: what one product brings of those that are to come, some or none.
struct Share {
  int64_t begin, end;
  Share(int64_t count, int64_t part, int64_t parts)
      : begin(count * part / parts / kTogether * kTogether),
        end(part + 1 < parts ? count * (part + 1) / parts / kTogether * kTogether : count) {}
  int64_t size() const { return end - begin; }
};

// What a thread does. It knows its next block while it multiplies one.
struct Worker {
  const Conv2d& g;
  const Plan& plan;
  bool columns_in_place;
  const float *x, *dy;
  float *sums, *db;               // of the first chunk; db or null
  float *windows, *next_windows;  // scratch: packed windows, of this pack and of the next
  float *copy, *next_copy;        // the columns in panels, of this block and of the next
  int team;                       // threads that there are
  int64_t* later_tasks;           // taken so far

  Block first_of(int64_t task) const {
    if (task >= plan.tasks(g)) return {};
    return plan.block(plan.part(task), 0);
  }
  Block take() const { return first_of(team + __atomic_fetch_add(later_tasks, 1, __ATOMIC_RELAXED)); }
  Block after(const Block& b) const {
    Block next = plan.block(b.part, b.piece + 1);
    return next.count ? next : take();
  }
  const float* group_x(const Part& part) const { return x + part.group * (g.c / g.groups); }
  const float* rows_of(const Block& b) const {
    return (plan.exchanged ? dy : group_x(b.part)) + b.first * plan.row_floats;
  }
  const float* columns_of(const Block& b) const {
    return (plan.exchanged ? x : dy) + b.first * plan.column_floats + b.part.column;
  }

  void bring_windows(float* to, const Block& b, int64_t pack, Share s) const {
    if (!plan.rows_in_place && s.size())
      pack_windows(to + s.begin * kPack, group_x(b.part), g, b.part.m + pack * kPack, b.pack_columns(pack),
                   b.first + s.begin, s.size());
  }
  void bring_columns(float* to, const Block& b, Share s) const {
    const float* from = columns_of(b) + s.begin * plan.column_floats;
    for (int64_t j = 0; !columns_in_place && s.size() && j < b.panels(); j++, from += kPanel) {
      int columns = b.panel_columns(j), width = panel_width(columns);
      float* panel = to + j * kPixels * kPanel + s.begin * width;
      if (plan.exchanged && g.prologue)
        normalise_rows<kTileVectors>(panel, from, plan.column_floats, s.size(), *g.prologue, b.part.column + j * kPanel,
                                     columns, rows_of(b) + s.begin * plan.row_floats, plan.row_floats);
      else
        pack_rows(panel, from, plan.column_floats, s.size(), columns);
    }
  }
  Ahead ask_rows(int64_t* at, const Block& b, int64_t pack, Share s) const {
    if (plan.rows_whole) return {rows_of(b) + s.begin * plan.row_floats, s.size() * plan.row_floats / 16, 16, 1};
    int64_t m0 = b.part.m + pack * kPack, cg = g.c / g.groups, lines = ceil_div(b.pack_columns(pack), 16);
    if (plan.rows_in_place) return {rows_of(b) + s.begin * plan.row_floats + m0, s.size(), plan.row_floats, lines};
    find_windows(at, g, m0 / cg, b.first + s.begin, s.size());
    return {group_x(b.part) + m0 % cg, s.size(), 0, lines, at};
  }
  Ahead ask_columns(const Block& b, Share s) const {
    const float* from = columns_of(b) + s.begin * plan.column_floats;
    if (columns_in_place) return {from, s.size() * plan.column_floats / 16, 16, 1};
    return {from, s.size(), plan.column_floats, ceil_div(b.part.columns, 16)};
  }

  // Whether `part` reads the columns that the part before it has just read.
  bool keeps(const Part& before, const Part& part) const {
    return part.group == before.group && part.chunk == before.chunk && part.column == before.column &&
           ceil_div(plan.pixels, plan.chunks) * part.columns * 4 <= kKept;
  }
  void multiply(const Block& b, const Block& soon, bool kept);
  // The first task of each thread is its own: who is early must not take the second one, too. Returns how many it did.
  int64_t run(int64_t task) {
    Block now = first_of(task);
    if (!now.count) return 0;
    int64_t tasks = 0;
    bool kept = false;
    bring_windows(windows, now, 0, {now.count, 0, 1});
    bring_columns(copy, now, {now.count, 0, 1});
    while (now.count) {
      Block soon = after(now);
      if (soon.piece == 0) kept = keeps(now.part, soon.part);
      multiply(now, soon, kept);
      tasks += soon.piece == 0;
      float* was = copy;
      copy = next_copy, next_copy = was;
      now = soon;
    }
    return tasks;
  }
};

// Every pack of a block with every panel; and the next one is brought. kept: its columns need not be asked for.
void Worker::multiply(const Block& b, const Block& soon, bool kept) {
  int64_t packs = b.packs(), panels = b.panels(), at[kPixels];
  for (int64_t q = 0; q < packs; q++) {
    bool more = q + 1 < packs;
    const Block& next = more ? b : soon;
    int64_t m0 = b.part.m + q * kPack, rows = b.pack_columns(q), next_pack = more ? q + 1 : 0, step = kPack;
    const float *from = windows, *a[kPack];
    if (plan.rows_in_place) from = rows_of(b) + m0, step = plan.row_floats;
    for (int64_t i = 0; i < rows; i++) a[i] = from + i;
    for (int64_t j = 0; j < panels; j++) {
      int width = b.panel_columns(j);
      const float* panel = copy + j * kPixels * kPanel;
      int64_t panel_step = panel_width(width), column = b.part.column + j * kPanel, t = q * panels + j;
      if (columns_in_place) panel = columns_of(b) + j * kPanel, panel_step = plan.column_floats;
      int64_t partial = b.part.chunk * plan.partial(g) * (plan.chunks > 1);
      float *to = sums + partial, *c[kPack];
      if (db && plan.exchanged && column == 0) add_columns(db + partial + m0, from, step, b.count, rows, b.piece > 0);
      if (db && !plan.exchanged && b.part.row_part == 0 && q == 0)
        add_columns(db + partial + column, panel, panel_step, b.count, width, b.piece > 0);
      for (int64_t i = 0; i < rows; i++) c[i] = to + (m0 + i) * plan.column_floats + column;

      Share of_dy(soon.count, t, packs * panels), of_windows(next.count, j, panels);
      Ahead ask_first = ask_rows(at, plan.rows_whole ? soon : next, next_pack, plan.rows_whole ? of_dy : of_windows);
      Ahead ask_then = ask_columns(soon, kept ? Share(0, 0, 1) : of_dy);
      int64_t first_lines = ask_first.rows * ask_first.lines, all = first_lines + ask_then.rows * ask_then.lines;
      int64_t tiles = ceil_div(rows, kTileRows), first = all ? (2 * tiles * first_lines / all + 1) / 2 : tiles;
      int64_t cut = least(rows, first * kTileRows);
      Finish finish;
      finish.accumulate = b.piece > 0;
      Segments of{a, 0, 1, b.count, step};
      of.adjacent = true, of.ahead = ask_first, of.fresh = b.piece == 0;
      if (cut > 0) micro_rows(of, panel, panel_step, c, cut, width, finish);
      if (t > 0) bring_columns(next_copy, soon, {soon.count, t - 1, packs * panels});
      of.rows += cut, of.ahead = ask_then;
      if (cut < rows) micro_rows(of, panel, panel_step, c + cut, rows - cut, width, finish);
      bring_windows(next_windows, next, next_pack, of_windows);
    }
    float* was = windows;
    windows = next_windows, next_windows = was;
  }
  bring_columns(next_copy, soon, {soon.count, packs * panels - 1, packs * panels});
}

// The last sum of partials that lie [column][row]: dw[row][column], of a vector of rows from `i` and columns [begin,
// end).
void add_exchanged(float* dw, const float* partials, int64_t rows, int64_t columns, int64_t i, int64_t begin,
                   int64_t end, int64_t stride, int64_t count) {
  int wide = (int)least(kLanes, rows - i);
  for (int64_t j = begin; j < end; j += kLanes) {
    int high = (int)least(kLanes, end - j);
    vec r[kLanes] = {};
    for (int q = 0; q < high; q++) {
      const float* from = partials + (j + q) * rows + i;
      r[q] = load_first(from, wide);
      for (int64_t part = 1; part < count; part++) r[q] += load_first(from + part * stride, wide);
    }
    transpose(r);
    for (int q = 0; q < wide; q++) store_first(dw + (i + q) * columns + j, r[q], high);
  }
}

}  // namespace

void add_range(float* dw, const float* partials, int64_t begin, int64_t end, int64_t stride, int64_t count) {
  for (int64_t i = begin; i < end; i += kLanes) {
    int live = (int)least(kLanes, end - i);
    vec sum = load_first(partials + i, live);
    for (int64_t part = 1; part < count; part++) sum += load_first(partials + part * stride + i, live);
    store_first(dw + i, sum, live);
  }
}

void add_partials(float* dw, const float* partials, int64_t size, int64_t stride, int64_t count) {
  parallel_ranges(size, 1024, size * count / 16,
                  [&](int64_t begin, int64_t end) { add_range(dw, partials, begin, end, stride, count); });
}

size_t dw_workspace(const Conv2d& g, int threads) {
  Plan plan(g, threads);
  return (size_t)(plan.partial_bytes(g) + threads * plan.own());
}

void dw_direct(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  const Plan plan(g, threads);
  int64_t size = plan.size(g);
  if (plan.pixels == 0) {
    memset(dw, 0, (size_t)size * 4);
    if (db) memset(db, 0, (size_t)g.k * 4);
    return;
  }
  const bool in_place = plan.columns_fit(g) && (uintptr_t)(plan.exchanged ? x : dy) % sizeof(vec) == 0;
  float *sums = dw, *db_sums = db, *partials = (float*)workspace;
  if (plan.chunks > 1) sums = partials, db_sums = db ? partials + size : nullptr;
  char* own = workspace + plan.partial_bytes(g);
  // Pieces of the last sum: runs of dw, or tiles of it.
  int64_t stride = plan.partial(g), across = ceil_div(g.k, kAddedColumns), pieces = ceil_div(size, kAdded);
  if (plan.exchanged) pieces = ceil_div(g.c, kLanes) * across;
  // Long ones are worth waking the team for: who waits for the last task waits for a short time only.
  bool apart = !plan.exchanged && size * plan.chunks > kAddedApart;
  if (plan.chunks == 1 || apart) pieces = 0;
  auto add = [&](int64_t piece) {
    int64_t j = piece % across * kAddedColumns;
    if (plan.exchanged)
      add_exchanged(dw, partials, g.c, g.k, piece / across * kLanes, j, least(g.k, j + kAddedColumns), stride,
                    plan.chunks);
    else
      add_range(dw, partials, piece * kAdded, least(size, (piece + 1) * kAdded), stride, plan.chunks);
  };
  int64_t later_tasks = 0, tasks = plan.tasks(g);
  NextPhase adding;
  auto work = [&](int thread, int team_size) {
    float* windows = (float*)(own + thread * plan.own());
    float* copy = windows + 2 * plan.pack_floats();
    Worker worker{g,
                  plan,
                  in_place,
                  x,
                  dy,
                  sums,
                  db_sums,
                  windows,
                  windows + plan.pack_floats(),
                  copy,
                  copy + plan.panels_floats(),
                  team_size,
                  &later_tasks};
    adding.run(worker.run(thread), tasks, pieces, add);
  };
  if (plan.pixels * plan.m * ceil_div(plan.columns, kLanes) < kSerialWork || threads < 2 || tasks < 2 ||
      omp_in_parallel())
    work(0, 1);
  else
    team((int)least(threads, tasks), work);
  if (plan.chunks > 1 && apart) add_partials(dw, partials, size, stride, plan.chunks);
  if (plan.chunks > 1 && db) add_partials(db, partials + size, g.k, stride, plan.chunks);
}

}  // namespace ISA
}  // namespace fastcnn
