// The input gradient of the 3 x 3 filter at stride 2, one filter a channel.
//
// Two by two cells of dx meet all nine taps, and only four cells of dy: dy row o and the one before it, dy column p and
// the one before it. For one vector of channels, that window moves along a row in registers.
#include "depthwise_parts.h"
#include "depthwise_pass.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

// Result rows 2 * o - before and the next, from source rows o - 1 and o.
struct Pair {
  float* result;
  const float *source, *filter;  // of cells (-1, -1) of the window and the pair, which may lie outside
  bool before, here;             // whether the source rows exist
  bool even, odd;                // whether the result rows do
  int64_t source_row, result_row, c, source_columns, result_columns, left;
  bool large, past;  // whether the next pair's row is asked for, the result stored past the caches
};

// Whole: all rows exist.
template <bool Whole, bool Full>
void walk(const Pair& pair, int64_t q, int lanes) {
  const Pair b = pair;
  const float* source = b.source + q;
  float* result = b.result + q;
  const bool large = b.large, past = kLanes == 16 && b.past;
  vec w[3][3], x[2][2] = {};
#pragma GCC unroll 3
  for (int k = 0; k < 3; k++)
#pragma GCC unroll 3
    for (int l = 0; l < 3; l++) w[k][l] = load_lanes<Full>(b.filter + (k * 3 + l) * b.c + q, lanes);

  auto step = [&](bool first, bool last, bool even, bool odd) __attribute__((always_inline)) {
    const bool rows[2] = {Whole || b.before, Whole || b.here}, columns[2] = {first, last};
    const bool down[2] = {Whole || b.even, Whole || b.odd}, across[2] = {even, odd};
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++)
      if (rows[r] && last) x[r][1] = load_lanes<Full>(source + r * b.source_row, lanes);
    if (large) __builtin_prefetch(source + 2 * b.source_row + kLanes - 1);
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++)
#pragma GCC unroll 2
      for (int j = 0; j < 2; j++) {
        if (!down[i] || !across[j]) continue;
        vec sum = zero();
        // An even cell has the taps 2 and 0, an odd one has tap 1, of the later row or column.
#pragma GCC unroll 2
        for (int r = i; r < 2; r++)
#pragma GCC unroll 2
          for (int l = j; l < 2; l++)
            if (rows[r] && columns[l]) sum = fma(x[r][l], w[i ? 1 : 2 - 2 * r][j ? 1 : 2 - 2 * l], sum);
        float* to = result + i * b.result_row + j * b.c;
        Full ? put(to, sum, past) : store_lanes<Full>(to, sum, lanes);
      }
#pragma GCC unroll 2
    for (int r = 0; r < 2; r++) x[r][0] = x[r][1];
    source += b.c, result += 2 * b.c;
  };

  const int64_t steps = (b.result_columns - 1 + b.left) / 2 + 1;
  const int64_t inner = least(b.source_columns, (b.result_columns + b.left) / 2);
  step(false, b.source_columns > 0, b.left == 0, 1 - b.left < b.result_columns);
#pragma GCC unroll 1
  for (int64_t p = 1; p < inner; p++) step(true, true, true, true);
#pragma GCC unroll 1
  for (int64_t p = most(1, inner); p < steps; p++)
    step(p <= b.source_columns, p < b.source_columns, true, 2 * p + 1 - b.left < b.result_columns);
}

}  // namespace

bool is_3x3_dx(const Pass& pass) {
  auto fits = [](const Axis& a) {
    return a.backward && a.kernel == 3 && a.dilation == 1 && a.stride == 2 && a.before <= 1;
  };
  return pass.m == 1 && fits(pass.rows) && fits(pass.columns);
}

void depthwise_3x3_dx(const Pass& pass) {
  const int64_t rows = pass.rows.result, columns = pass.columns.result, width = pass.columns.source, c = pass.result_c;
  const int64_t pairs = (rows - 1 + pass.rows.before) / 2 + 1;
  const Tasks tasks = tasks_of(pass.images, pairs, 2 * columns, c);

  const bool large = is_large(pass), past = goes_past(pass);
  const double work = (double)pass.images * rows * columns * round_up(c, kWide) * 9;
  parallel_for(pass.images * tasks.groups * tasks.blocks, (int64_t)(work < 1e15 ? work : 1e15), [&](int64_t task) {
    const int64_t image = task / tasks.blocks / tasks.groups, first = task / tasks.blocks % tasks.groups * tasks.group,
                  q = task % tasks.blocks * tasks.block;
    const int64_t end = least(q + tasks.block, c);
    for (int64_t o = first; o < least(first + tasks.group, pairs); o++) {
      const int64_t i = 2 * o - pass.rows.before;
      Pair b{};
      b.source_row = width * c, b.result_row = columns * c, b.c = c;
      b.source_columns = width, b.result_columns = columns, b.left = pass.columns.before, b.large = large,
      b.past = past;
      b.before = o > 0 && o <= pass.rows.source, b.here = o < pass.rows.source;
      b.even = i >= 0, b.odd = i + 1 < rows;
      b.source = pass.source + (image * pass.rows.source + o - 1) * width * c;
      b.result = pass.result + ((image * rows + i) * columns - b.left) * c;
      b.filter = pass.filter;
      const bool whole = b.before && b.here && b.even && b.odd;
      int64_t at = q;
      for (; at + kLanes <= end; at += kLanes)
        whole ? walk<true, true>(b, at, kLanes) : walk<false, true>(b, at, kLanes);
      if (at < end) walk<false, false>(b, at, (int)(end - at));
    }
    if (past) stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
