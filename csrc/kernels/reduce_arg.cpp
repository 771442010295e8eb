// y (outer, inner) = the r of the first largest (smallest) element of x (outer, r, inner); the first NaN wins. Columns
// side by side in lanes where inner is wide, sixteen interleaved runs of a row where it is 1: one pass over memory.
// Short rows are turned to such columns. The smallest of x is the largest of -x.
#include "reduce_parts.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kBlock = 256;  // columns whose winners stay in the cache
constexpr int64_t kShort = 256;  // rows up to here are turned

struct Best {
  vec value;
  ivec index;
};
void better(Best& best, vec x, int32_t index) {
  ivec wins = (x > best.value) | ((x != x) & (best.value == best.value));
  best.value = select(wins, x, best.value);
  best.index = select(wins, isplat(index), best.index);
}
vec flipped(vec x, int32_t sign) { return from_bits(bits(x) ^ isplat(sign)); }

// Columns [0, width) of one plane. sign: the bit that turns the smallest into the largest.
void columns(int64_t* y, const float* x, int64_t r, int64_t inner, int64_t width, int32_t sign) {
  Best best[kBlock / kLanes];
  for (int64_t row = 0; row < r; row++, x += inner)
    for (int64_t i = 0; i < width; i += kLanes) {
      int n = width - i < kLanes ? (int)(width - i) : kLanes;
      vec v = flipped(n == kLanes ? load(x + i) : load_first(x + i, n), sign);
      if (row == 0) best[i / kLanes] = {v, isplat(0)};
      better(best[i / kLanes], v, (int32_t)row);
    }
  for (int64_t i = 0; i < width; i++) y[i] = best[i / kLanes].index[i % kLanes];
}

int64_t along_row(const float* x, int64_t r, int32_t sign) {
  float value[kWide];
  int32_t step[kWide];
  int64_t lanes = r < kWide ? r : kWide, full = r / kWide;
  for (int part = 0; part < kWide && part < full * kWide; part += kLanes) {
    Best best = {flipped(load(x + part), sign), isplat(0)};
    for (int64_t i = 1; i < full; i++) better(best, flipped(load(x + i * kWide + part), sign), (int32_t)i);
    store(value + part, best.value);
    store(step + part, best.index);
  }
  int64_t winner = 0;
  float most = 0;
  auto offer = [&](float v, int64_t at) {
    bool nan = v != v, held = most != most;
    bool wins = nan ? !held || at < winner : !held && (v > most || (v == most && at < winner));
    if (wins) most = v, winner = at;
  };
  most = sign ? -x[0] : x[0];
  if (full > 0)
    for (int64_t lane = 0; lane < lanes; lane++) offer(value[lane], (int64_t)step[lane] * kWide + lane);
  for (int64_t i = full * kWide; i < r; i++) offer(sign ? -x[i] : x[i], i);
  return winner;
}

// Rows of r <= kShort numbers, up to kLanes of them.
void along_rows(int64_t* y, const float* x, int64_t r, int64_t rows, int32_t sign) {
  float turned[kShort + kLanes][kLanes];
  for (int64_t i = 0; i < r; i += kLanes) {
    vec v[kLanes];
    for (int64_t l = 0; l < kLanes; l++) {
      const float* p = x + (l < rows ? l : 0) * r + i;
      v[l] = r - i < kLanes ? load_first(p, (int)(r - i)) : load(p);
    }
    transpose(v);
    for (int64_t l = 0; l < kLanes; l++) store(turned[i + l], v[l]);
  }
  columns(y, turned[0], r, kLanes, rows, sign);
}

}  // namespace

void arg(int64_t* y, const float* x, const ReduceShape& s, bool largest) {
  const int32_t sign = largest ? 0 : INT32_MIN;
  if (s.inner == 1 && s.r <= kShort && s.outer >= kLanes) {
    int64_t groups = (s.outer + kLanes - 1) / kLanes;
    parallel_ranges(groups, 8192 / (s.r * kLanes) + 1, s.outer * s.r / 16 + s.outer, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin * kLanes; o < end * kLanes && o < s.outer; o += kLanes)
        along_rows(y + o, x + o * s.r, s.r, s.outer - o < kLanes ? s.outer - o : kLanes, sign);
    });
    return;
  }
  int64_t blocks = (s.inner + kBlock - 1) / kBlock, tasks = s.outer * blocks;
  int64_t floats = s.r * (s.inner < kBlock ? s.inner : kBlock), grain = floats < 8192 ? 8192 / floats : 1;
  parallel_ranges(tasks, grain, s.outer * s.r * s.inner / 16 + tasks, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      int64_t o = task / blocks, column = task % blocks * kBlock;
      const float* from = x + o * s.r * s.inner + column;
      int64_t width = s.inner - column < kBlock ? s.inner - column : kBlock;
      if (s.inner == 1)
        y[o] = along_row(from, s.r, sign);
      else
        columns(y + o * s.inner + column, from, s.r, s.inner, width, sign);
    }
  });
}

}  // namespace ISA
}  // namespace fastcnn
