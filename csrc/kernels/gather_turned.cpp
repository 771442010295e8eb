// Products of few pixels with a filter that lies transposed, as the input gradients of 1x1 filters over 7x7 pixels are.
//
// To transpose the filter takes a fifth as long as multiplying with it. So pixels change sides with columns: x is
// transposed, rows of the filter are read where they lie, and what is transposed at the end are sums of 16 columns.
// The 49 pixels are three vectors and one pixel: the products of that one with all rows of a tile are another vector.
#include "gather_turned.h"

#include "runtime/shares.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr bool kWorthwhile = kLanes == 16;  // 24 sums of 32 registers
constexpr int kRows = 8, kVectors = 3;
constexpr int kFull = kVectors * kLanes, kTurned = kFull + 1;  // pixels
constexpr int64_t kShortest = kDepth / 2;                      // sum, beside which turning its end counts
constexpr int64_t kPart = 128;                                 // of the sum, turned by one thread
constexpr int64_t kNearFloats = 128 << 10;                     // of x: half of what a core has for itself

// v with a's lane `at`.
inline vec with_lane(vec v, vec a, int at) {
  ivec order;
  for (int l = 0; l < kLanes; l++) order[l] = l == at ? kLanes + l : l;
  return __builtin_shuffle(v, a, order);
}

// sums[i][j] (+)= sum of w[i][p] * x[p][j], j < kFull, and of w[i][p] * last[p]. What the next tile reads of w is asked
// for, a line at each step.
void turned_tile(const float* w, int64_t w_step, const float* x, const float* last, int64_t depth, float* sums,
                 float* single, bool accumulate) {
  vec acc[kRows][kVectors], rest = zero();
#pragma GCC unroll 8
  for (int i = 0; i < kRows; i++)
#pragma GCC unroll 3
    for (int j = 0; j < kVectors; j++) acc[i][j] = zero();
  const float *low = w, *high = w + 4 * w_step;
  const int64_t three = 3 * w_step, far = kRows * w_step;
  for (int64_t p = 0; p < depth;) {
    const float* ask = low + far;
    for (const int64_t end = least(p + kRows, depth); p < end; p++, low++, high++, x += kFull, ask += w_step) {
      __builtin_prefetch(ask, 0, 2);
      vec column[kVectors], lanes;
#pragma GCC unroll 3
      for (int j = 0; j < kVectors; j++) column[j] = load(x + j * kLanes);
#pragma GCC unroll 8
      for (int i = 0; i < kRows; i++) {
        const float* from = i < 4 ? low : high;
        vec a = splat(from[i % 4 == 3 ? three : i % 4 * w_step]);
        lanes = i ? with_lane(lanes, a, i) : a;
#pragma GCC unroll 3
        for (int j = 0; j < kVectors; j++) acc[i][j] = fma(a, column[j], acc[i][j]);
      }
      rest = fma(lanes, splat(last[p]), rest);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < kRows; i++)
#pragma GCC unroll 3
    for (int j = 0; j < kVectors; j++) {
      float* to = sums + i * kFull + j * kLanes;
      store(to, accumulate ? load(to) + acc[i][j] : acc[i][j]);
    }
  store_first(single, accumulate ? load_first(single, kRows) + rest : rest, kRows);
}

// kLanes columns of all pixels, from `column` on.
__attribute__((noinline)) void turned_columns(const Gather& g, const float* packed, int64_t column) {
  const int64_t piece = depth_of_block(g.run), step = g.run_stride;
  const float *filter = g.filter + g.tap_at[0] + column * step, *last = g.x + kFull * g.x_pixel;
  alignas(64) float sums[kLanes * kFull], turned[kTurned * kLanes];
  for (int i = 0; i < kLanes; i += kRows)
    for (int64_t from = 0; from < g.run; from += piece)
      turned_tile(filter + i * step + from, step, packed + from * kFull, last + from, least(piece, g.run - from),
                  sums + i * kFull, turned + kFull * kLanes + i, from > 0);
  pack_turned(turned, sums, kFull, kFull, kLanes);
  const float* sum = turned;
  for (int64_t n = 0; n < g.n; n++)
    for (int64_t i = 0; i < g.oh; i++)
      for (int64_t j = 0; j < g.ow; j++, sum += kLanes) {
        float* to = g.y + n * g.y_image + i * g.y_row + j * g.y_pixel + column;
        const int64_t at = to - g.y_origin;
        vec v = load(sum);
        if (g.epilogue.residual) v += load(g.epilogue.residual + at);
        if (g.epilogue.gate) v = through(load(g.epilogue.gate + at), v);
        store(to, v);
      }
}

}  // namespace

bool takes_turned(const Gather& g) {
  if (!kWorthwhile) return false;
  return g.transposed && !g.prepared && g.n * g.oh * g.ow == kTurned && g.columns % kLanes == 0 && !g.epilogue.bias &&
         g.epilogue.activation == FASTCNN_LINEAR && g.run >= kShortest && g.run * kTurned <= kNearFloats;
}

int64_t turned_bytes(int64_t run) { return kWorthwhile && run * kTurned <= kNearFloats ? align64(run * kFull * 4) : 0; }

void turned_product(const Gather& g, float* packed, int team) {
  if (!kWorthwhile) return;
  parallel_tasks(team, ceil_div(g.run, kPart), [&](int64_t task, int) {
    const int64_t from = task * kPart;
    pack_turned(packed + from * kFull, g.x + from, g.x_pixel, least(kPart, g.run - from), kFull);
  });
  parallel_shares(team, g.columns / kLanes, [&](int64_t task, int) { turned_columns(g, packed, task * kLanes); });
}

}  // namespace ISA
}  // namespace fastcnn
