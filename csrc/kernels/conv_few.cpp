// The weight gradient of a first layer, whose images have one to a few channels: vectors of channels would be mostly
// empty.
//
// The window's column (r, s, c) of a row of pixels is x itself, read with a step of stride * c floats. So the rows of
// the product are pointers into x (with its margin), and nothing is copied. One more row, of ones, makes db.
#include "conv_parts.h"
#include "pack.h"
#include "runtime/parallel.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kTasks = 16;
constexpr int64_t kPanelColumns = 64;

struct WeightPlan {
  int64_t m, rows_each;           // rows of the product; rows of pixels in a block of the sum
  int64_t blocks, chunks, chunk;  // blocks of the sum, chunks of them, blocks in a chunk
  int64_t panels;
  bool packed;  // dy goes into panels first: its last vector is not full
  int64_t packed_bytes, pointer_bytes, ones_bytes;
  explicit WeightPlan(const Conv2d& g) {
    m = g.kh * g.kw * g.c;
    rows_each = most(1, kDepth / g.ow);
    blocks = g.n * ceil_div(g.oh, rows_each);
    panels = ceil_div(g.k, kPanelColumns);
    chunks = most(1, least(ceil_div(kTasks, panels), blocks / 4));
    chunk = ceil_div(blocks, chunks);
    chunks = chunk > 0 ? ceil_div(blocks, chunk) : 1;
    packed = g.k % kPanelColumns % 16 != 0;
    packed_bytes = packed ? align64(rows_each * g.ow * kPanelColumns * 4) : 0;
    pointer_bytes = align64((rows_each + 1) * (m + 1) * (int64_t)sizeof(float*));
    ones_bytes = align64(((g.ow - 1) * g.stride_w * g.c + 1) * 4);
  }
  int64_t own() const { return packed_bytes + pointer_bytes; }
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
// `live` rows of it; cold: dy is asked for ahead.
void tall_tile(const Segments& a, const float* b, int64_t b_step, float* const* c, int live, bool accumulate) {
  vec acc[kTallRows][2];
#pragma GCC unroll 10
  for (int i = 0; i < kTallRows; i++) acc[i][0] = acc[i][1] = zero();
  const float* const* rows = a.rows;
  for (int64_t s = 0; s < a.count; s++, rows += a.stride) {
    const float* row[kTallRows];
    for (int i = 0; i < kTallRows; i++) row[i] = rows[i < live ? i : 0];
    for (int64_t p = 0; p != a.depth * a.step; p += a.step, b += b_step) {
      if (a.cold) __builtin_prefetch(b + kFurther), __builtin_prefetch(b + kFurther + kLanes);
      vec left = load(b), right = load(b + kLanes);
#pragma GCC unroll 10
      for (int i = 0; i < kTallRows; i++) {
        vec x = splat(row[i][p]);
        acc[i][0] = fma(x, left, acc[i][0]), acc[i][1] = fma(x, right, acc[i][1]);
      }
    }
  }
#pragma GCC unroll 10
  for (int i = 0; i < kTallRows; i++) {
    if (i == live) break;
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
      float* to = c[i] + j * kLanes;
      store(to, accumulate ? load(to) + acc[i][j] : acc[i][j]);
    }
  }
}

// One block of rows of pixels, one run of kPanelColumns columns.
void weight_block(float* dw, float* db, const float* ones, const float* x, const float* dy, const Conv2d& g,
                  const WeightPlan& plan, int64_t block, int64_t column, bool accumulate, char* scratch) {
  int64_t per_image = ceil_div(g.oh, plan.rows_each), n = block / per_image, i = block % per_image * plan.rows_each;
  int64_t rows = least(plan.rows_each, g.oh - i), row_floats = reach_w(g) * g.c;
  int64_t all = plan.m + (db ? 1 : 0);
  const float** a = (const float**)scratch;
  float** c = (float**)(a + plan.rows_each * all);
  float* packed = (float*)(scratch + plan.pointer_bytes);
  for (int64_t row = 0; row < rows; row++) {
    const float** to = a + row * all;
    for (int64_t r = 0; r < g.kh; r++) {
      const float* line = x + (n * reach_h(g) + (i + row) * g.stride_h + r * g.dilation_h) * row_floats;
      for (int64_t s = 0; s < g.kw; s++)
        for (int64_t ch = 0; ch < g.c; ch++) *to++ = line + s * g.dilation_w * g.c + ch;
    }
    if (db) *to = ones;
  }
  const float* b = dy + (n * g.oh + i) * g.ow * g.k + column;
  Finish finish;
  finish.accumulate = accumulate;
  int width;
  for (int64_t from = 0; from < least(kPanelColumns, g.k - column); from += width) {
    bool tall = has_tall(all) && !plan.packed && g.k - column - from == kTallColumns;
    width = tall ? kTallColumns : (int)least(kPanel, g.k - column - from);
    for (int64_t m = 0; m < plan.m; m++) c[m] = dw + m * g.k + column + from;
    if (db) c[plan.m] = db + column + from;
    if (tall) {
      for (int64_t m = 0; m < all; m += kTallRows)
        tall_tile({a + m, all, rows, g.ow, g.stride_w * g.c, 0, m == 0}, b + from, g.k, c + m,
                  (int)least(kTallRows, all - m), accumulate);
      continue;
    }
    if (plan.packed) pack_rows(packed, b + from, g.k, rows * g.ow, width);
    micro_rows({a, all, rows, g.ow, g.stride_w * g.c}, plan.packed ? packed : b + from,
               plan.packed ? panel_width(width) : g.k, c, all, width, finish);
  }
}

}  // namespace

size_t dw_few_workspace(const Conv2d& g, int threads) {
  WeightPlan plan(g);
  return (size_t)(margin_bytes(g) + plan.ones_bytes + plan.partials(g) + threads * plan.own());
}

void dw_few(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  WeightPlan plan(g);
  int64_t size = plan.m * g.k, stride = plan.partial(g);
  if (plan.blocks == 0) {
    memset(dw, 0, (size_t)size * 4);
    if (db) memset(db, 0, (size_t)g.k * 4);
    return;
  }
  add_margin((float*)workspace, x, g, threads);
  x = (const float*)workspace;
  workspace += margin_bytes(g);
  float* ones = (float*)workspace;
  for (int64_t i = 0; i < plan.ones_bytes / 4 && db; i++) ones[i] = 1;
  workspace += plan.ones_bytes;
  float* partials = plan.chunks > 1 ? (float*)workspace : dw;
  char* own = workspace + plan.partials(g);
  int team = g.n * g.oh * g.ow * plan.m * g.k / 16 < kSerialWork ? 1 : threads;
  parallel_tasks(team, plan.chunks * plan.panels, [&](int64_t task, int thread) {
    int64_t chunk = task / plan.panels, column = task % plan.panels * kPanelColumns;
    int64_t begin = chunk * plan.chunk, end = least(plan.blocks, begin + plan.chunk);
    float* sums = partials + chunk * stride;
    float* bias_sums = db && plan.chunks > 1 ? sums + size : db;
    for (int64_t block = begin; block < end; block++)
      weight_block(sums, bias_sums, ones, x, dy, g, plan, block, column, block > begin, own + thread * plan.own());
  });
  if (plan.chunks > 1) add_partials(dw, partials, size, stride, plan.chunks);
  if (plan.chunks > 1 && db) add_partials(db, partials + size, g.k, stride, plan.chunks);
}

}  // namespace ISA
}  // namespace fastcnn
