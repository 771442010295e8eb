// The weight gradient of a first layer, whose images have one to a few channels: vectors of channels would be mostly
// empty.
//
// The window's column (r, s, c) of a row of pixels is x itself, read with a step of stride * c floats. So the rows of
// the product are pointers into x; or, where there is padding, into a copy of the few rows of x that a block needs,
// with their margin. One more row, of ones, makes db.
#include "conv_parts.h"
#include "pack.h"
#include "runtime/phases.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kTasks = 16;
constexpr int64_t kPanelColumns = 64;
constexpr int64_t kPartRows = 64;  // of the product, at least, where its rows are dealt out
constexpr int64_t kAdded = 1024;   // floats of a piece of the last sum

struct WeightPlan {
  int64_t m, rows_each;           // rows of the product; rows of pixels in a block of the sum
  int64_t blocks, chunks, chunk;  // blocks of the sum, chunks of them, blocks in a chunk
  int64_t panels, row_parts = 1;
  bool inside;                 // windows do not leave x
  bool packed;                 // dy goes into panels first: its last vector is not full
  int64_t lines, line_floats;  // of x that a block reads
  int64_t line_bytes, packed_bytes, pointer_bytes, ones_bytes;
  WeightPlan(const Conv2d& g, int threads) {
    m = g.kh * g.kw * g.c;
    rows_each = most(1, kDepth / g.ow);
    blocks = g.n * ceil_div(g.oh, rows_each);
    panels = ceil_div(g.k, kPanelColumns);
    chunks = most(1, least(ceil_div(kTasks, panels), blocks / 4));
    chunk = ceil_div(blocks, chunks);
    chunks = chunk > 0 ? ceil_div(blocks, chunk) : 1;
    // Where threads would end with unequal numbers of tasks.
    for (int64_t i = 2; i * kPartRows <= m; i++)
      if (ceil_div(chunks * panels * i, threads) * row_parts < ceil_div(chunks * panels * row_parts, threads) * i)
        row_parts = i;
    inside = g.top == 0 && g.left == 0 && reach_h(g) <= g.h && reach_w(g) <= g.w;
    lines = (rows_each - 1) * g.stride_h + (g.kh - 1) * g.dilation_h + 1;
    line_floats = (inside ? g.w : reach_w(g)) * g.c;
    line_bytes = inside ? 0 : align64(lines * line_floats * 4);
    packed = g.k % kPanelColumns % 16 != 0;
    packed_bytes = packed ? align64(rows_each * g.ow * kPanelColumns * 4) : 0;
    pointer_bytes = align64((rows_each + 1) * (m + 1) * (int64_t)sizeof(float*));
    ones_bytes = align64(((g.ow - 1) * g.stride_w * g.c + 1) * 4);
  }
  int64_t own() const { return packed_bytes + pointer_bytes + line_bytes; }
  int64_t partial(const Conv2d& g) const { return align64((m + 1) * g.k * 4) / 4; }  // floats of a chunk's dw and db
  int64_t partials(const Conv2d& g) const { return chunks > 1 ? chunks * partial(g) * 4 : 0; }
};

// Where two vectors of channels are left: tiles as tall as the registers allow, so that dy passes by as few times as it
// can. A core would wait for the additions of lower ones.
constexpr int kTallRows = 10, kTallColumns = 2 * kLanes;
constexpr int64_t kFurther = 2048;  // floats
inline bool has_tall(int64_t rows) {
  return kLanes == 16 && 4 * (ceil_div(rows, kTallRows) * kTallRows - rows) <= rows;
}
// `live` rows of it, ROWS or fewer; cold: dy is asked for ahead.
template <int ROWS>
void tall_tile(const Segments& a, const float* b, int64_t b_step, float* const* c, int live, bool accumulate) {
  if constexpr (ROWS == kTallRows)
    if (live < ROWS) return tall_tile<ROWS - 1>(a, b, b_step, c, live, accumulate);
  vec acc[ROWS][2];
#pragma GCC unroll 10
  for (int i = 0; i < ROWS; i++) acc[i][0] = acc[i][1] = zero();
  const float* const* rows = a.rows;
  for (int64_t s = 0; s < a.count; s++, rows += a.stride) {
    const float* row[ROWS];
    for (int i = 0; i < ROWS; i++) row[i] = rows[i < live ? i : 0];
    for (int64_t p = 0; p != a.depth * a.step; p += a.step, b += b_step) {
      if (a.cold) __builtin_prefetch(b + kFurther), __builtin_prefetch(b + kFurther + kLanes);
      vec left = load(b), right = load(b + kLanes);
#pragma GCC unroll 10
      for (int i = 0; i < ROWS; i++) {
        vec x = splat(row[i][p]);
        acc[i][0] = fma(x, left, acc[i][0]), acc[i][1] = fma(x, right, acc[i][1]);
      }
    }
  }
#pragma GCC unroll 10
  for (int i = 0; i < ROWS; i++) {
    if (i == live) break;
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
      float* to = c[i] + j * kLanes;
      store(to, accumulate ? load(to) + acc[i][j] : acc[i][j]);
    }
  }
}

// `count` rows of x from `first` of image n, with their margin.
void copy_lines(float* to, const float* x, const Conv2d& g, int64_t n, int64_t first, int64_t count) {
  int64_t columns = reach_w(g), left = least(g.left, columns), live = least(g.w, columns - left);
  for (int64_t a = first; a < first + count; a++, to += columns * g.c) {
    bool in = a >= 0 && a < g.h;
    if (!in || live < columns) memset(to, 0, (size_t)(columns * g.c) * 4);
    if (in) memcpy(to + left * g.c, x + (n * g.h + a) * g.w * g.c, (size_t)(live * g.c) * 4);
  }
}

// A task: rows [m, m_end) of dw, the last one being db's where that is wanted, one run of kPanelColumns columns.
struct WeightTask {
  float *dw, *db;
  int64_t m, m_end, column;
  char* scratch;
};

// One block of rows of pixels.
void weight_block(const WeightTask& task, const float* ones, const float* x, const float* dy, const Conv2d& g,
                  const WeightPlan& plan, int64_t block, bool accumulate) {
  int64_t per_image = ceil_div(g.oh, plan.rows_each), n = block / per_image, i = block % per_image * plan.rows_each;
  int64_t rows = least(plan.rows_each, g.oh - i), line_floats = plan.line_floats, column = task.column;
  int64_t all = plan.m + (task.db ? 1 : 0);
  const float** a = (const float**)task.scratch;
  float** c = (float**)(a + plan.rows_each * all);
  float* packed = (float*)(task.scratch + plan.pointer_bytes);
  const float* lines = x + (n * g.h + i * g.stride_h) * line_floats;
  if (!plan.inside) {
    float* copy = (float*)(task.scratch + plan.pointer_bytes + plan.packed_bytes);
    copy_lines(copy, x, g, n, i * g.stride_h - g.top, plan.lines - (plan.rows_each - rows) * g.stride_h);
    lines = copy;
  }
  for (int64_t row = 0; row < rows; row++) {
    const float** to = a + row * all;
    for (int64_t r = 0; r < g.kh; r++) {
      const float* line = lines + (row * g.stride_h + r * g.dilation_h) * line_floats;
      for (int64_t s = 0; s < g.kw; s++)
        for (int64_t ch = 0; ch < g.c; ch++) *to++ = line + s * g.dilation_w * g.c + ch;
    }
    if (task.db) *to = ones;
  }
  const float* b = dy + (n * g.oh + i) * g.ow * g.k + column;
  Finish finish;
  finish.accumulate = accumulate;
  int width;
  for (int64_t from = 0; from < least(kPanelColumns, g.k - column); from += width) {
    int64_t count = task.m_end - task.m;
    bool tall = has_tall(count) && !plan.packed && g.k - column - from == kTallColumns;
    width = tall ? kTallColumns : (int)least(kPanel, g.k - column - from);
    for (int64_t m = 0; m < plan.m; m++) c[m] = task.dw + m * g.k + column + from;
    if (task.db) c[plan.m] = task.db + column + from;
    if (tall) {
      int64_t tiles = ceil_div(count, kTallRows);
      for (int64_t t = 0; t < tiles; t++) {
        int64_t m = task.m + count * t / tiles;
        tall_tile<kTallRows>({a + m, all, rows, g.ow, g.stride_w * g.c, 0, t == 0}, b + from, g.k, c + m,
                             (int)(task.m + count * (t + 1) / tiles - m), accumulate);
      }
      continue;
    }
    if (plan.packed) pack_rows(packed, b + from, g.k, rows * g.ow, width);
    Segments of{a + task.m, all, rows, g.ow, g.stride_w * g.c};
    // The next block's dy, most likely. Few tiles would ask at every step, and a core brings lines in order by itself.
    if (count > 3 * kTallRows) of.ahead = {b + from + rows * g.ow * g.k, rows * g.ow, g.k, ceil_div(width, 16)};
    micro_rows(of, plan.packed ? packed : b + from, plan.packed ? panel_width(width) : g.k, c + task.m, count, width,
               finish);
  }
}

}  // namespace

size_t dw_few_workspace(const Conv2d& g, int threads) {
  WeightPlan plan(g, threads);
  return (size_t)(plan.ones_bytes + plan.partials(g) + threads * plan.own());
}

void dw_few(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  WeightPlan plan(g, threads);
  int64_t size = plan.m * g.k, stride = plan.partial(g);
  if (plan.blocks == 0) {
    memset(dw, 0, (size_t)size * 4);
    if (db) memset(db, 0, (size_t)g.k * 4);
    return;
  }
  float* ones = (float*)workspace;
  for (int64_t i = 0; i < plan.ones_bytes / 4 && db; i++) ones[i] = 1;
  workspace += plan.ones_bytes;
  float* partials = plan.chunks > 1 ? (float*)workspace : dw;
  char* own = workspace + plan.partials(g);
  int64_t all = plan.m + (db ? 1 : 0), tasks = plan.chunks * plan.panels * plan.row_parts;
  int64_t pieces = plan.chunks > 1 ? ceil_div(size, kAdded) : 0, next = 0;
  NextPhase adding;
  auto work = [&](int thread, int) __attribute__((noinline)) {
    int64_t done = 0;
    for (int64_t task; (task = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < tasks; done++) {
      int64_t part = task % plan.row_parts, rest = task / plan.row_parts;
      int64_t chunk = rest / plan.panels, column = rest % plan.panels * kPanelColumns;
      int64_t begin = chunk * plan.chunk, end = least(plan.blocks, begin + plan.chunk);
      float* sums = partials + chunk * stride;
      WeightTask of{sums,
                    db && plan.chunks > 1 ? sums + size : db,
                    all * part / plan.row_parts,
                    all * (part + 1) / plan.row_parts,
                    column,
                    own + thread * plan.own()};
      for (int64_t block = begin; block < end; block++) weight_block(of, ones, x, dy, g, plan, block, block > begin);
    }
    adding.run(done, tasks, pieces, [&](int64_t piece) {
      add_range(dw, partials, piece * kAdded, least(size, (piece + 1) * kAdded), stride, plan.chunks);
    });
  };
  if (threads < 2 || tasks < 2 || g.n * g.oh * g.ow * plan.m * g.k / 16 < kSerialWork || omp_in_parallel())
    work(0, 1);
  else
    team((int)least(threads, tasks), work);
  if (plan.chunks > 1 && db) add_partials(db, partials + size, g.k, stride, plan.chunks);
}

}  // namespace ISA
}  // namespace fastcnn
