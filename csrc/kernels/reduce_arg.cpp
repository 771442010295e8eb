// y (outer, inner) = the r of the first largest (smallest) element of x (outer, r, inner); the first NaN wins. Columns
// side by side in lanes; where there are few, several rows are read as one, and what their winners are worth is
// compared at the end. Short rows of numbers are turned to columns; long ones are gone through some way to find the
// largest, and then to find its place. One pass over memory. The smallest of x is the largest of -x.
#include "lanes.h"
#include "reduce_parts.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "turn.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kVectors = 4;  // side by side, for each waits for its last comparison
constexpr int64_t kTile = kVectors * kLanes;
constexpr int64_t kBlock = 1024;    // columns whose winners stay in the cache
constexpr int64_t kNear = 8192;     // floats of rows that are read once for each of their tiles
constexpr int64_t kChunk = 65536;   // floats at least of a part of a long r
constexpr int64_t kPartial = 4096;  // winners of parts, at most

struct Best {
  vec value;
  ivec index;
};
struct Winner {
  int32_t worth, row;
};

vec flipped(vec x, int32_t sign) { return from_bits(bits(x) ^ isplat(sign)); }

// Integers in the order of floats: both zeros are the same, and so is every NaN.
ivec worth_of(vec v) {
  ivec i = bits(v + zero());
  return select(v == v, i ^ ((i >> 31) & isplat(INT32_MAX)), isplat(INT32_MAX));
}

// V vectors of columns over some steps, the first of which is `index`: `width` columns, where they are not whole.
// ahead: how far away what comes next is asked for.
template <int V, bool whole>
void fold(Best* best, const float* x, int64_t steps, int64_t stride, int64_t width, int32_t index, int32_t sign,
          int64_t ahead) {
  Best b[V];
  for (int k = 0; k < V; k++) b[k] = best[k];
  const ivec lane = lane_numbers();
  for (ivec at = isplat(index); steps > 0; steps--, x += stride, at += 1) {
#pragma GCC unroll 4
    for (int k = 0; k < V; k++) {
      int64_t n = width - k * kLanes;
      vec v;
      __builtin_prefetch(x + k * kLanes + ahead);
      if (whole) {
        v = flipped(load(x + k * kLanes), sign);
      } else {
        v = flipped(load_first(x + k * kLanes, n < 0 ? 0 : n < kLanes ? (int)n : kLanes), sign);
        v = select(lane < isplat((int32_t)n), v, splat(-__builtin_inff()));
      }
      vec held = b[k].value;  // a NaN stays; a NaN that comes is not <= it
      b[k].value = select(held == held, select(v <= held, held, v), held);
      b[k].index = select(held == held, select(v <= held, b[k].index, at), b[k].index);
    }
  }
  for (int k = 0; k < V; k++) best[k] = b[k];
}

void fold_tile(Best* best, const float* x, int64_t steps, int64_t stride, int64_t width, int32_t index, int32_t sign,
               int64_t ahead) {
  (width == kTile ? fold<kVectors, true> : fold<kVectors, false>)(best, x, steps, stride, width, index, sign, ahead);
}

// The winner of r numbers in a row: the largest of some of them first, and where it is only if it is the largest yet.
Winner winner_of(const float* x, int64_t r, int32_t sign) {
  const ivec lane = lane_numbers();
  Winner best{};
  for (int64_t begin = 0, n; begin < r; begin += n, x += n) {
    n = r - begin < kNear ? r - begin : kNear;
    auto at = [=](int64_t i) __attribute__((always_inline)) {
      if (i + kLanes <= n) return flipped(load(x + i), sign);
      const int rest = (int)(n - i);
      return select(lane < isplat(rest), flipped(load_first(x + i, rest), sign), splat(-__builtin_inff()));
    };
    vec most[kVectors];
    ivec odd{};
    for (int k = 0; k < kVectors; k++) most[k] = splat(-__builtin_inff());
    auto take = [&](int k, vec v) __attribute__((always_inline)) {
      most[k] = max(most[k], v);
      odd |= v != v;
    };
    int64_t i = 0;
    for (; i + kTile <= n; i += kTile)
#pragma GCC unroll 4
      for (int k = 0; k < kVectors; k++) {
        __builtin_prefetch(x + i + k * kLanes + kAhead);
        take(k, flipped(load(x + i + k * kLanes), sign));
      }
    for (; i < n; i += kLanes) take(0, at(i));
    vec m = max(max(most[0], most[1]), max(most[2], most[3]));
    for (int half = kLanes / 2; half > 0; half /= 2) m = max(m, __builtin_shuffle(m, lane ^ half));
    const bool nan = any(odd);
    const int32_t worth = nan ? INT32_MAX : worth_of(m)[0];
    if (begin > 0 && worth <= best.worth) continue;
    for (i = 0;; i += kLanes) {
      const vec v = at(i);
      const ivec hit = nan ? v != v : v == m;
      if (!any(hit)) continue;
      int32_t hits[kLanes], first = 0;
      store(hits, hit);
      while (!hits[first]) first++;
      best = {worth, (int32_t)(begin + i) + first};
      break;
    }
  }
  return best;
}

// to[i]: the winner of the i-th of these columns.
void winners(Winner* to, const float* x, int64_t r, int64_t inner, int64_t width, int32_t sign) {
  Best best[kBlock / kLanes + kVectors];
  int64_t group = width == inner && inner <= kTile / 2 ? kTile / inner : 1;
  if (group > r) group = r;
  const int64_t wide = group * width, stride = group * inner, steps = r / group;
  const int64_t some = wide <= kTile ? steps : kNear / wide, ahead = wide <= kTile ? kAhead : some * stride;
  for (int64_t i = 0; i < wide; i += kTile)
    for (int k = 0; k < kVectors; k++) best[i / kLanes + k] = {splat(-__builtin_inff()), ivec{}};
  for (int64_t step = 0; step < steps; step += some)
    for (int64_t i = 0; i < wide; i += kTile)
      fold_tile(best + i / kLanes, x + step * stride + i, steps - step < some ? steps - step : some, stride,
                wide - i < kTile ? wide - i : kTile, (int32_t)step, sign, ahead);
  if (int64_t rest = r % group) fold_tile(best, x + steps * stride, 1, 0, rest * width, (int32_t)steps, sign, 0);
  for (int64_t i = 0; i < wide; i += kLanes) {
    ivec worth = worth_of(best[i / kLanes].value), index = best[i / kLanes].index;
    for (int l = 0; l < kLanes && i + l < wide; l++) {
      Winner& held = to[(i + l) % width];
      Winner next = {worth[l], index[l] * (int32_t)group + (int32_t)((i + l) / width)};
      bool first = i + l < width;
      if (first || next.worth > held.worth || (next.worth == held.worth && next.row < held.row)) held = next;
    }
  }
}

}  // namespace

void arg(int64_t* y, const float* x, const ReduceShape& s, bool largest) {
  const int32_t sign = largest ? 0 : INT32_MIN;
  const int64_t size = s.outer * s.r * s.inner, outputs = s.outer * s.inner;
  if (s.inner == 1 && s.r <= kTurned && s.outer >= kLanes) {
    const int64_t block = rows_turned(s.r);
    const Channels channels(s.r, false);
    parallel_ranges(s.outer, 8192 / s.r, size / 16 + s.outer, [&](int64_t begin, int64_t end) {
      alignas(64) float turned[kTurnedFloats];
      for (int64_t o = begin; o < end; o += block) {
        int64_t count = end - o < block ? end - o : block;
        turn(turned, block, x + o * s.r, count, s.r, channels);
        for (int64_t i = 0, wide; i < count; i += wide) {
          Best best[kVectors];
          int32_t index[kTile];
          wide = block - i < kTile ? kTile / 2 : kTile;
          for (int k = 0; k < kVectors; k++) best[k] = {splat(-__builtin_inff()), ivec{}};
          (wide == kTile ? fold<kVectors, true> : fold<kVectors / 2, true>)(best, turned + i, s.r, block, wide, 0, sign,
                                                                            0);
          for (int k = 0; k < kVectors; k++) store(index + k * kLanes, best[k].index);
          for (int64_t l = 0; l < wide && i + l < count; l++) y[o + i + l] = index[l];
        }
      }
    });
    return;
  }
  Winner partial[kPartial];
  int64_t chunks = size / kChunk < kPartial / outputs ? size / kChunk : kPartial / outputs;
  const int64_t rows = chunks > 1 ? (s.r + chunks - 1) / chunks : s.r;
  chunks = (s.r + rows - 1) / rows;
  int64_t blocks = (s.inner + kBlock - 1) / kBlock, tasks = s.outer * blocks * chunks;
  int64_t floats = rows * (s.inner < kBlock ? s.inner : kBlock), grain = floats < 8192 ? 8192 / floats : 1;
  parallel_ranges(tasks, grain, size / 16 + tasks, [&](int64_t begin, int64_t end) {
    Winner winner[kBlock];
    for (int64_t task = begin; task < end; task++) {
      int64_t chunk = task % chunks, o = task / chunks / blocks, column = task / chunks % blocks * kBlock;
      int64_t first = chunk * rows, width = s.inner - column < kBlock ? s.inner - column : kBlock;
      const float* from = x + (o * s.r + first) * s.inner + column;
      const int64_t some = s.r - first < rows ? s.r - first : rows;
      if (s.inner == 1)
        *winner = winner_of(from, some, sign);
      else
        winners(winner, from, some, s.inner, width, sign);
      int64_t at = o * s.inner + column;
      for (int64_t i = 0; i < width; i++)
        if (chunks == 1)
          y[at + i] = winner[i].row;
        else
          partial[chunk * outputs + at + i] = {winner[i].worth, winner[i].row + (int32_t)first};
    }
  });
  for (int64_t i = 0; chunks > 1 && i < outputs; i++) {
    Winner most = partial[i];
    for (int64_t chunk = 1; chunk < chunks; chunk++)
      if (partial[chunk * outputs + i].worth > most.worth) most = partial[chunk * outputs + i];
    y[i] = most.row;
  }
}

}  // namespace ISA
}  // namespace fastcnn
