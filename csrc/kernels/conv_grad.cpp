// The weight gradient: dw[m, :] = sum over pixels of window[pixel, m] * dy[pixel, :], where m runs over (r, s, c).
//
// A product over pixels, in blocks of kDepth of them. Per block, kPack columns of the windows are copied side by side
// (which settles stride, dilation and padding) and so is dy in panels; then the micro-kernel reads both from L2. Few
// filters with many pixels are cut into chunks of pixels with sums of their own, added in order: how many is a matter
// of the shape alone, so threads change no bits. db, where it is wanted, is summed from the panels of dy.
#include "conv_parts.h"
#include "pack.h"
#include "prologue.h"
#include "runtime/parallel.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kPack = 48;          // columns of windows packed together: whole tiles and whole vectors on every ISA
constexpr int64_t kPanels = 4;         // panels of dy kept in L2 together
constexpr int64_t kPanelColumns = 64;  // in the plan, which must not depend on the ISA
constexpr int64_t kTasks = 16, kFewTasks = 6;
constexpr int64_t kPixelsAhead = 8;  // of a row of x, asked for while it is packed

struct Plan {
  int64_t pixels, m, columns;                  // the product's sizes, of one group
  int64_t column_parts, row_parts, rows_each;  // rows in packs of kPack
  int64_t chunks, chunk;                       // chunks of pixels: how many, and blocks in each
  explicit Plan(const Conv2d& g) {
    pixels = g.n * g.oh * g.ow;
    m = g.kh * g.kw * (g.c / g.groups), columns = g.k / g.groups;
    int64_t packs = ceil_div(m, kPack), blocks = ceil_div(pixels, kDepth);
    column_parts = ceil_div(columns, kPanels * kPanelColumns);
    row_parts = least(packs, ceil_div(kTasks, column_parts * g.groups));
    chunks = 1;
    if (packs * column_parts * g.groups < 2 * kTasks) {  // few filters: share out the pixels, not the rows
      row_parts = ceil_div(packs, 16);
      int64_t wanted = ceil_div(kTasks, row_parts * column_parts * g.groups);
      chunks = blocks / 2 < 1 ? 1 : least(wanted, blocks / 2);
      row_parts = least(packs, ceil_div(kFewTasks, chunks * column_parts * g.groups));
    }
    chunk = ceil_div(blocks, chunks);
    if (chunk > 0) chunks = ceil_div(blocks, chunk);
    rows_each = ceil_div(packs, row_parts);
  }
  int64_t partial(const Conv2d& g) const { return align64((m + 1) * g.k * 4) / 4; }  // floats of a chunk's dw and db
  int64_t partial_bytes(const Conv2d& g) const { return chunks > 1 ? chunks * partial(g) * 4 : 0; }
};

constexpr int64_t kDyBytes = kDepth * kPanels * kPanelColumns * 4, kWindowBytes = kDepth * kPack * 4;

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

struct Scratch {
  float* dy;       // [panel][pixel][kPanel]
  float* windows;  // [pixel][kPack]
};

// The windows of a 1x1 filter without stride, padding or prologue are x as it stands.
bool plain(const Conv2d& g) {
  return !g.prologue && g.kh == 1 && g.kw == 1 && g.stride_h == 1 && g.stride_w == 1 && g.top == 0 && g.left == 0 &&
         g.oh == g.h && g.ow == g.w;
}

// One block of pixels into rows [m0, m0 + rows) of a pack and the panels of columns [column, column + columns).
void block_product(float* dw, const Conv2d& g, const float* windows, int64_t step, const float* dy, int64_t m0,
                   int64_t rows, int64_t column, int64_t columns, int64_t count, bool accumulate) {
  const float* a[kPack];
  float* c[kPack];
  for (int64_t i = 0; i < rows; i++) a[i] = windows + i;
  Finish finish;
  finish.accumulate = accumulate;
  for (int64_t from = 0; from < columns; from += kPanel) {
    int width = (int)least(kPanel, columns - from);
    for (int64_t i = 0; i < rows; i++) c[i] = dw + (m0 + i) * g.k + column + from;
    micro_rows({a, 0, 1, count, step}, dy + from * kDepth, panel_width(width), c, rows, width, finish);
  }
}

// db[j] (+)= the sum of a panel's column j.
void add_columns(float* db, const float* panel, int64_t count, int width, bool accumulate) {
  int step = panel_width(width);
  vec sums[kTileVectors] = {};
  for (int64_t p = 0; p < count; p++)
    for (int v = 0; v < step / kLanes; v++) sums[v] += load(panel + p * step + v * kLanes);
  for (int j = 0; j < width; j += kLanes) {
    int live = (int)least(kLanes, width - j);
    store_first(db + j, accumulate ? load_first(db + j, live) + sums[j / kLanes] : sums[j / kLanes], live);
  }
}

void task_product(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, const Plan& plan, Scratch s,
                  int64_t group, int64_t chunk, int64_t row_part, int64_t column_part) {
  int64_t cg = g.c / g.groups, column = column_part * kPanels * kPanelColumns;
  int64_t columns = least(kPanels * kPanelColumns, plan.columns - column);
  column += group * plan.columns;
  int64_t m_end = least(plan.m, (row_part + 1) * plan.rows_each * kPack);
  int64_t begin = chunk * plan.chunk * kDepth, end = least(plan.pixels, begin + plan.chunk * kDepth);
  for (int64_t first = begin; first < end; first += kDepth) {
    int64_t count = least(kDepth, end - first);
    for (int64_t from = 0; from < columns; from += kPanel) {
      int width = (int)least(kPanel, columns - from);
      pack_rows(s.dy + from * kDepth, dy + first * g.k + column + from, g.k, count, width);
      if (db && row_part == 0) add_columns(db + column + from, s.dy + from * kDepth, count, width, first > begin);
    }
    for (int64_t m0 = row_part * plan.rows_each * kPack; m0 < m_end; m0 += kPack) {
      int64_t rows = least(kPack, m_end - m0);
      const float* windows = x + first * g.c + group * cg + m0;
      int64_t step = g.c;
      if (plain(g)) {  // ask for what comes next: strips of rows, which no prefetcher follows
        bool more = m0 + kPack < m_end;
        const float* next = more ? windows + kPack : windows - m0 + row_part * plan.rows_each * kPack + count * g.c;
        for (int64_t p = 0; p < (more ? count : least(kDepth, end - first - count)); p++)
          for (int64_t i = 0; i < kPack; i += 16) __builtin_prefetch(next + p * g.c + i, 0, 2);
      } else {
        pack_windows(s.windows, x + group * cg, g, m0, rows, first, count);
        windows = s.windows, step = kPack;
      }
      block_product(dw, g, windows, step, s.dy, m0, rows, column, columns, count, first > begin);
    }
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
  return (size_t)(Plan(g).partial_bytes(g) + threads * (kDyBytes + kWindowBytes));
}

void dw_direct(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  Plan plan(g);
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
    char* mine = own + thread * (kDyBytes + kWindowBytes);
    int64_t column_part = task % plan.column_parts, rest = task / plan.column_parts;
    int64_t row_part = rest % plan.row_parts, chunk = rest / plan.row_parts % plan.chunks;
    int64_t group = rest / plan.row_parts / plan.chunks;
    float* sums = partials + chunk * stride;
    task_product(sums, db && plan.chunks > 1 ? sums + size : db, x, dy, g, plan,
                 {(float*)mine, (float*)(mine + kDyBytes)}, group, chunk, row_part, column_part);
  });
  if (plan.chunks > 1) add_partials(dw, partials, size, stride, plan.chunks);
  if (plan.chunks > 1 && db) add_partials(db, partials + size, g.k, stride, plan.chunks);
}

}  // namespace ISA
}  // namespace fastcnn
