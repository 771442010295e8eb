// The weight gradient: dw[m, :] = sum over pixels of window[pixel, m] * dy[pixel, :], where m runs over (r, s, c).
//
// A product over pixels, in blocks of kDepth of them. Per block, kPack columns of the windows are copied side by side
// (which settles stride, dilation and padding) and so is dy in panels, unless they lie so already; then the
// micro-kernel reads both from L2. A task keeps its panels of dy while packs of windows pass by, or, where it has few
// packs, the packs while panels pass by; what comes next is asked for meanwhile. Few filters with many pixels are cut
// into chunks of pixels with sums of their own, added in order: how many is a matter of the shape alone, so threads
// change no bits. db, where it is wanted, is summed from the panels of dy.
#include "conv_parts.h"
#include "pack.h"
#include "prologue.h"
#include "runtime/parallel.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kPack = 48;  // columns of windows packed together: whole tiles and whole vectors on every ISA
constexpr int64_t kPanelColumns = 64, kPanels = 4;  // in the plan, which must not depend on the ISA
constexpr int64_t kChunkTasks = 16;                 // that chunks of pixels make up for where there are few filters
constexpr int64_t kTasks = 6;                       // a thread, at least
constexpr int64_t kFewPacks = 3;                    // stay in L2 while panels of dy pass by
constexpr int64_t kRows = int64_t(512) << 10;       // bytes of kDepth rows of dy that can be used as they lie
constexpr int64_t kSums = int64_t(576) << 10;       // bytes of a task's dw, read and written once per block
constexpr int64_t kL1 = int64_t(48) << 10;
constexpr int64_t kPixelsAhead = 8;  // of a row of x, asked for while it is packed

// The windows of a 1x1 filter without stride, padding or prologue are x as it stands.
bool plain(const Conv2d& g) {
  return !g.prologue && g.kh == 1 && g.kw == 1 && g.stride_h == 1 && g.stride_w == 1 && g.top == 0 && g.left == 0 &&
         g.oh == g.h && g.ow == g.w;
}

struct Plan {
  int64_t pixels, m, columns;                      // the product's sizes, of one group
  int64_t blocks, chunks;                          // of pixels: these decide the bits, all below does not
  int64_t row_parts, packs, column_parts, panels;  // parts of m, packs in each, parts of the columns, panels in each
  bool dy_stays, windows_in_place, dy_in_place;
  Plan(const Conv2d& g, int threads) {
    pixels = g.n * g.oh * g.ow, blocks = ceil_div(pixels, kDepth);
    m = g.kh * g.kw * (g.c / g.groups), columns = g.k / g.groups;
    int64_t all_packs = ceil_div(m, kPack), all_panels = ceil_div(columns, kPanelColumns);
    int64_t parts = ceil_div(all_panels, kPanels) * g.groups;
    bool few = all_packs * parts < 2 * kChunkTasks;
    chunks = few ? most(1, least(ceil_div(kChunkTasks, ceil_div(all_packs, 16) * parts), blocks / 2)) : 1;

    windows_in_place = plain(g);
    dy_stays = all_packs > kFewPacks || m >= columns;
    bool as_it_lies = kPanel * kDepth * 4 > kL1 && columns % kLanes == 0;  // a copy that fits L1 is worth making
    dy_in_place = as_it_lies && (dy_stays ? g.k <= kPanelColumns : g.k * kDepth * 4 <= kRows);
    int64_t tasks = ceil_div(kTasks * threads, chunks * g.groups), sums = kSums / (kPack * kPanelColumns * 4);
    packs = all_packs, panels = least(all_panels, kPanels);
    if (dy_stays)
      packs = least(least(packs, sums / panels), all_packs * ceil_div(all_panels, panels) / tasks);
    else
      panels = least(least(all_panels, sums / packs), all_panels / tasks);
    row_parts = ceil_div(all_packs, most(packs, 1)), packs = ceil_div(all_packs, row_parts);
    column_parts = ceil_div(all_panels, most(panels, 1)), panels = ceil_div(all_panels, column_parts);
    column_parts = ceil_div(all_panels, panels);
  }
  int64_t partial(const Conv2d& g) const { return align64((m + 1) * g.k * 4) / 4; }  // floats of a chunk's dw and db
  int64_t partial_bytes(const Conv2d& g) const { return chunks > 1 ? chunks * partial(g) * 4 : 0; }
  int64_t first_pixel(int64_t chunk) const { return least(pixels, blocks * chunk / chunks * kDepth); }
  int64_t windows_floats() const { return windows_in_place ? 0 : kDepth * kPack * (dy_stays ? 1 : packs); }
  int64_t dy_floats() const { return dy_in_place ? 0 : kDepth * kPanelColumns * (dy_stays ? panels : 1); }
  int64_t own() const { return 4 * (windows_floats() + dy_floats()); }
};

// Window columns [m0, m0 + width) of pixels [first, first + count), kPack floats apart; zeros in the padding.
void pack_windows(float* to, const float* x, const Conv2d& g, int64_t m0, int64_t width, int64_t first, int64_t count) {
  int64_t cg = g.c / g.groups;
  for (int64_t done = 0; done < width;) {
    int64_t tap = (m0 + done) / cg, from = (m0 + done) % cg, length = least(cg - from, width - done);
    int64_t down = tap / g.kw * g.dilation_h - g.top, right = tap % g.kw * g.dilation_w - g.left;
    int64_t n = first / (g.oh * g.ow), i = first / g.ow % g.oh, j = first % g.ow;
    int full = (int)(length / kLanes), tail = (int)(length % kLanes);
    float* out = to + done;
    for (int64_t p = 0; p < count; p++, out += kPack) {
      int64_t a = i * g.stride_h + down, b = j * g.stride_w + right;
      if ((uint64_t)a < (uint64_t)g.h && (uint64_t)b < (uint64_t)g.w) {
        const float* in = x + ((n * g.h + a) * g.w + b) * g.c + from;
        for (int64_t v = 0; v < length; v += 16) __builtin_prefetch(in + kPixelsAhead * g.stride_w * g.c + v);
        if (g.prologue) {
          fastcnn_prologue here{g.prologue->mean + from, g.prologue->scale + from, g.prologue->shift + from,
                                g.prologue->activation};
          normalise_pixel(out, in, length, here);
        } else {
          for (int v = 0; v < full; v++) store(out + v * kLanes, load(in + v * kLanes));
          if (tail) store_first(out + full * kLanes, load_first(in + full * kLanes, tail), tail);
        }
      } else {
        for (int v = 0; v < full; v++) store(out + v * kLanes, zero());
        if (tail) store_first(out + full * kLanes, zero(), tail);
      }
      if (++j == g.ow) {
        j = 0;
        if (++i == g.oh) i = 0, n++;
      }
    }
    done += length;
  }
}

// Part `part` of the rows to ask for.
Ahead share(const Ahead& a, int64_t part, int64_t parts) {
  int64_t begin = a.rows * part / parts, end = a.rows * (part + 1) / parts;
  return {a.from + (a.at ? 0 : begin * a.step), end - begin, a.step, a.lines, a.at ? a.at + begin : nullptr};
}

// at[i] = where the windows of pixel first + i begin in x, seen from its first tap.
void find_windows(int64_t* at, const Conv2d& g, int64_t first, int64_t count) {
  int64_t n = first / (g.oh * g.ow), i = first / g.ow % g.oh, j = first % g.ow;
  for (int64_t p = 0, run; p < count; p += run, j = 0) {  // runs of pixels of one row
    run = least(g.ow - j, count - p);
    int64_t from = ((n * g.h + i * g.stride_h - g.top) * g.w + j * g.stride_w - g.left) * g.c;
    for (int64_t q = 0; q < run; q++) at[p + q] = from + q * g.stride_w * g.c;
    if (++i == g.oh) i = 0, n++;
  }
}

// One block of pixels, one pack of windows, one panel of dy: dw (+)= windows^T panel, its rows `stride` apart.
struct Product {
  const float *windows, *panel;
  int64_t windows_step, panel_step, count;
  bool accumulate;
};
void pack_product(float* dw, int64_t stride, const Product& b, int64_t rows, int width, const Ahead& windows,
                  const Ahead& dy) {
  const float* a[kPack];
  float* c[kPack];
  for (int64_t i = 0; i < rows; i++) a[i] = b.windows + i, c[i] = dw + i * stride;
  Finish finish;
  finish.accumulate = b.accumulate;
  int64_t of_windows = windows.rows * windows.lines, all = of_windows + dy.rows * dy.lines;
  int64_t tiles = ceil_div(rows, kTileRows), first = all ? (2 * tiles * of_windows / all + 1) / 2 : tiles;
  int64_t cut = least(rows, first * kTileRows);
  Segments of{a, 0, 1, b.count, b.windows_step};
  of.ahead = windows;
  if (cut > 0) micro_rows(of, b.panel, b.panel_step, c, cut, width, finish);
  of.rows += cut, of.ahead = dy;
  if (cut < rows) micro_rows(of, b.panel, b.panel_step, c + cut, rows - cut, width, finish);
}

// db[j] (+)= the sum of a panel's column j.
void add_columns(float* db, const float* panel, int64_t step, int64_t count, int width, bool accumulate) {
  vec sums[kTileVectors] = {};
  for (int64_t p = 0; p < count; p++)
    for (int v = 0; v < panel_width(width) / kLanes; v++) sums[v] += load(panel + p * step + v * kLanes);
  for (int j = 0; j < width; j += kLanes) {
    int live = (int)least(kLanes, width - j);
    store_first(db + j, accumulate ? load_first(db + j, live) + sums[j / kLanes] : sums[j / kLanes], live);
  }
}

struct Task {
  const Conv2d& g;
  const Plan& plan;
  const float *x, *dy;  // of the group; dy from the task's first column on, like dw and db
  float *dw, *db;       // db or null
  int64_t m, m_end, columns;
  float *windows, *copy;  // scratch: packed windows, dy in panels

  // Where channel m of the windows lies, for `find_windows`.
  const float* tap(int64_t m) const {
    int64_t cg = g.c / g.groups, t = m / cg;
    return x + (t / g.kw * g.dilation_h * g.w + t % g.kw * g.dilation_w) * g.c + m % cg;
  }
  void block(int64_t first, int64_t count, int64_t after, bool accumulate) const;
};

// Pixels [first, first + count), of which `after` more follow; every pack with every panel.
void Task::block(int64_t first, int64_t count, int64_t after, bool accumulate) const {
  int64_t packs = ceil_div(m_end - m, kPack), panels = ceil_div(columns, kPanel);
  int64_t at[2 * kDepth];
  find_windows(at, g, first, count + after);
  for (int64_t t = 0; t < packs * panels; t++) {
    int64_t q = plan.dy_stays ? t / panels : t % packs, j = plan.dy_stays ? t % panels : t / packs;
    int64_t m0 = m + q * kPack, rows = least(kPack, m_end - m0);
    int width = (int)least(kPanel, columns - j * kPanel);
    Product b{x + first * g.c + m0, dy + first * g.k + j * kPanel, g.c, g.k, count, accumulate};
    if (!plan.windows_in_place) {
      float* to = windows + (plan.dy_stays ? 0 : q * kDepth * kPack);
      if (j == 0) pack_windows(to, x, g, m0, rows, first, count);
      b.windows = to, b.windows_step = kPack;
    }
    if (!plan.dy_in_place) {
      float* to = copy + (plan.dy_stays ? j * kDepth * kPanel : 0);
      if (q == 0) pack_rows(to, b.panel, g.k, count, width);
      b.panel = to, b.panel_step = panel_width(width);
    }
    if (db && q == 0) add_columns(db + j * kPanel, b.panel, b.panel_step, count, width, accumulate);
    // Of what passes by, the next; of what stays, the next block's.
    bool next_pack = plan.dy_stays && q + 1 < packs, next_panel = !plan.dy_stays && j + 1 < panels;
    int64_t m1 = !plan.dy_stays ? m0 : next_pack ? m0 + kPack : m, j1 = plan.dy_stays ? j : next_panel ? j + 1 : 0;
    Ahead to_pack{tap(m1), next_pack ? count : after, 0, kPack / 16, next_pack ? at : at + count};
    Ahead to_copy{dy + (next_panel ? first : first + count) * g.k + j1 * kPanel, next_panel ? count : after, g.k,
                  kPanel / 16};
    pack_product(dw + m0 * g.k + j * kPanel, g.k, b, rows, width, share(to_pack, j, panels), share(to_copy, q, packs));
  }
}

}  // namespace

void add_partials(float* dw, const float* partials, int64_t size, int64_t stride, int64_t count) {
  parallel_ranges(size, 1024, size * count / 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      int live = (int)least(kLanes, end - i);
      vec sum = load_first(partials + i, live);
      for (int64_t part = 1; part < count; part++) sum += load_first(partials + part * stride + i, live);
      store_first(dw + i, sum, live);
    }
  });
}

size_t dw_workspace(const Conv2d& g, int threads) {
  Plan plan(g, threads);
  return (size_t)(plan.partial_bytes(g) + threads * plan.own());
}

void dw_direct(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  Plan plan(g, threads);
  int64_t size = plan.m * g.k;
  if (plan.pixels == 0) {
    memset(dw, 0, (size_t)size * 4);
    if (db) memset(db, 0, (size_t)g.k * 4);
    return;
  }
  int64_t stride = plan.partial(g);
  float* partials = plan.chunks > 1 ? (float*)workspace : dw;
  char* own = workspace + plan.partial_bytes(g);
  int team = plan.pixels * plan.m * ceil_div(g.k, kLanes) < kSerialWork ? 1 : threads;
  int64_t tasks = g.groups * plan.chunks * plan.row_parts * plan.column_parts;
  parallel_tasks(team, tasks, [&](int64_t task, int thread) {
    int64_t column_part = task % plan.column_parts, rest = task / plan.column_parts;
    int64_t row_part = rest % plan.row_parts, chunk = rest / plan.row_parts % plan.chunks;
    int64_t group = rest / plan.row_parts / plan.chunks, from = column_part * plan.panels * kPanelColumns;
    int64_t column = group * plan.columns + from, m = row_part * plan.packs * kPack;
    float* sums = partials + chunk * stride;
    float* db_sums = plan.chunks > 1 ? sums + size : db;
    float* windows = (float*)(own + thread * plan.own());
    Task t{g,
           plan,
           x + group * (g.c / g.groups),
           dy + column,
           sums + column,
           db && row_part == 0 ? db_sums + column : nullptr,
           m,
           least(plan.m, m + plan.packs * kPack),
           least(plan.panels * kPanelColumns, plan.columns - from),
           windows,
           windows + plan.windows_floats()};
    int64_t begin = plan.first_pixel(chunk), end = plan.first_pixel(chunk + 1);
    for (int64_t first = begin; first < end; first += kDepth) {
      int64_t count = least(kDepth, end - first);
      t.block(first, count, least(kDepth, end - first - count), first > begin);
    }
  });
  if (plan.chunks > 1) add_partials(dw, partials, size, stride, plan.chunks);
  if (plan.chunks > 1 && db) add_partials(db, partials + size, g.k, stride, plan.chunks);
}

}  // namespace ISA
}  // namespace fastcnn
