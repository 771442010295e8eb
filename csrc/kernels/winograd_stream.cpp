#include "winograd_stream.h"

#include "lanes.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kChunkTaps = kChunk * kRunTaps;
constexpr int64_t kPoint = kChunk * kRun + 16;  // from one point of u to the next (see point_stride)

// Channels [from, from + depth) of kRun columns from `first` on, [channel][vector][tap][lane].
void turn_taps(float* to, const Filter& f, int64_t first, int64_t from, int64_t depth) {
  for (int i = 0; i < 9 * kRunVectors; i++, to += kLanes) {
    int64_t column = first + i / 9 * kLanes;
    int live = (int)most(0, least(kLanes, f.k - column));
    pack_vector(to, kRunTaps, f.weights + ((8 - i % 9) * f.k + column) * f.c + from, f.c, depth, live);
  }
}
void pack_taps(float* to, const Filter& f, int64_t first, int64_t from, int64_t depth) {
  if (f.turned) return turn_taps(to, f, first, from, depth);
  int columns = (int)least(kRun, f.k - first);
  for (int tap = 0; tap < 9; tap++) {
    const float* rows = f.weights + (tap * f.c + from) * f.k + first;
    for (int j = 0; j < kRunVectors; j++) {
      float* at = to + (j * 9 + tap) * kLanes;
      int live = (int)most(0, least(kLanes, columns - j * kLanes));
      for (int64_t d = 0; d < depth; d++) store(at + d * kRunTaps, load_some(rows + d * f.k + j * kLanes, live));
    }
  }
}

// A row of the points of one chunk: u[point][channel][column]. Two rows have a part in common, but u of both, and what
// it is multiplied with, is more than L1 holds.
template <int kRow>
void transform_taps(float* u, const float* taps, int64_t depth) {
  for (float* end = u + depth * kRun; u < end; u += kLanes, taps += 9 * kLanes) {
    vec half[3], o[6];
#pragma GCC unroll 3
    for (int s = 0; s < 3; s++) {
      vec w[3] = {load(taps + s * kLanes), load(taps + (3 + s) * kLanes), load(taps + (6 + s) * kLanes)}, pair[2];
      half_points<kRow % 5 == 0 ? 0 : (kRow - 1) / 2 * 2 + 1>(w, pair);
      half[s] = pair[kRow == 2 || kRow > 3];
    }
    filter_points(half, o);
#pragma GCC unroll 6
    for (int e = 0; e < 6; e++) store(u + e * kPoint, o[e]);
  }
}

// Where taps are read: floats from one channel, tap and vector of columns to the next.
struct Taps {
  const float* at;
  int64_t row, tap, vector;
};

// The same of row 1 from where the taps lie, which are packed on the way. kInPlace: worth its code.
constexpr bool kInPlace = kLanes == 16;
__attribute__((noinline)) void pack_row(float* u, float* packed, Taps taps, int64_t depth) {
  for (int64_t d = 0; d < depth; d++, taps.at += taps.row)
    for (int j = 0; j < kRunVectors; j++, u += kLanes, packed += 9 * kLanes) {
      const float* at = taps.at + j * kLanes;
      vec half[3], o[6];
#pragma GCC unroll 3
      for (int s = 0; s < 3; s++, at += taps.tap) {
        vec w[3] = {load(at), load(at + 3 * taps.tap), load(at + 6 * taps.tap)}, pair[2];
#pragma GCC unroll 3
        for (int r = 0; r < 3; r++) store(packed + (r * 3 + s) * kLanes, w[r]);
        half_points<1>(w, pair);
        half[s] = pair[0];
      }
      filter_points(half, o);
#pragma GCC unroll 6
      for (int e = 0; e < 6; e++) store(u + e * kPoint, o[e]);
    }
}

typedef void (*TransformTaps)(float*, const float*, int64_t);
constexpr TransformTaps kTransform[6] = {transform_taps<0>, transform_taps<1>, transform_taps<2>,
                                         transform_taps<3>, transform_taps<4>, transform_taps<5>};

// Products of points with one chunk. Their sums begin with what is in `chain`, or with zero, and end there, or in
// `sums`, added to what is there.
struct ChunkProduct {
  const float *v, *u;
  int64_t v_point, depth;
  float *chain, *sums;
  int64_t m_point;
  bool begin, add;
  const float* const* ahead;  // asked for in this distance, a line at each step of the sum
  int64_t ahead_step;
};

// Tiles from `row` on that need the same points.
struct Group {
  int16_t row, point, points;
  uint8_t tiles;
  bool asks;
};

template <int MR>
void multiply_points(const ChunkProduct& p, Group group, const float* u) {
  int64_t row = group.row, point = group.point;
  const float* v = p.v + row * kChunk + point * p.v_point;
  int64_t at = row * kPanel + point * p.m_point, depth = p.depth;
  for (int64_t e = point, end = point + group.points; e < end; e++, v += p.v_point, u += kPoint, at += p.m_point) {
    float *chain = p.chain + at, *sums = p.sums + at;
    vec acc[MR][kRunVectors];
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 2
      for (int j = 0; j < kRunVectors; j++) acc[i][j] = p.begin ? zero() : load(chain + i * kPanel + j * kLanes);
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++) __builtin_prefetch(v + p.v_point + i * kChunk);
    int64_t step = group.asks && e % 2 == 0 ? p.ahead_step : 0;
    const float *a = v, *q = u, *ahead = p.ahead[e / 2];
    for (int64_t d = depth; d > 0; d--, a++, q += kRun, ahead += step) {
      vec column[kRunVectors];
#pragma GCC unroll 2
      for (int j = 0; j < kRunVectors; j++) column[j] = load(q + j * kLanes);
      __builtin_prefetch(ahead);
#pragma GCC unroll 6
      for (int i = 0; i < MR; i++)
#pragma GCC unroll 2
        for (int j = 0; j < kRunVectors; j++) acc[i][j] = fma(splat(a[i * kChunk]), column[j], acc[i][j]);
    }
    if (p.add) {
#pragma GCC unroll 6
      for (int i = 0; i < MR; i++)
#pragma GCC unroll 2
        for (int j = 0; j < kRunVectors; j++) acc[i][j] = load(sums + i * kPanel + j * kLanes) + acc[i][j];
      chain = sums;
    }
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 2
      for (int j = 0; j < kRunVectors; j++) store(chain + i * kPanel + j * kLanes, acc[i][j]);
  }
}

typedef void (*MultiplyPoints)(const ChunkProduct&, Group, const float*);
constexpr MultiplyPoints kMultiply[kTileRows] = {multiply_points<1>, multiply_points<2>, multiply_points<3>,
                                                 multiply_points<4>, multiply_points<5>, multiply_points<6>};

// The products of a range of tiles with rows of points: all tiles, or those that need a point, dealt out evenly; only
// the first accumulators ask ahead. In a row the middle four points are alike.
struct Groups {
  static constexpr int kMost = 18 * (kFewTiles / kTileRows);
  Group all[kMost];
  int16_t begins[7];  // of each row of points
  __attribute__((noinline)) explicit Groups(const TileRange& tiles) {
    bool whole = tiles.grid->whole();
    int16_t n = 0;
    for (int e = 0, alike; e < kPoints; e += alike) {
      if (e % 6 == 0) begins[e / 6] = n;
      alike = whole ? 6 : e % 6 == 1 ? 4 : 1;
      Run run = tiles.grid->run_of(e, tiles.first, tiles.first + tiles.count);
      int64_t count = run.end - run.begin, groups = ceil_div(count, kTileRows);
      for (int64_t g = 0, row = 0, next; g < groups; g++, row = next) {
        next = count * (g + 1) / groups;
        all[n++] = {(int16_t)(run.begin - tiles.first + row), (int16_t)e, (int16_t)alike, (uint8_t)(next - row),
                    g == 0};
      }
    }
    begins[6] = n;
  }
  __attribute__((noinline)) void multiply(const ChunkProduct& p, int row) const {
    for (const Group *at = all + begins[row], *end = all + begins[row + 1]; at < end; at++)
      kMultiply[at->tiles - 1](p, *at, p.u + (at->point - 6 * row) * kPoint);
  }
};

// Taps of channels from `from` on, a chunk: where the products ask for them, line by line as their sums advance. A
// filter need not begin with a cache line: the line that a chunk ends in is the one not yet read.
constexpr int kAsks = 18;
int64_t ask_for_taps(const float* (&ahead)[kAsks], const Filter& f, int64_t column, int64_t from) {
  const float* rows = f.weights + (f.turned ? column * f.c + from + kChunk - 1 : from * f.k + column + 15);
  const float* taps = f.prepared + (column / kRun * f.c + from) * kRunTaps;
  for (int i = 0; i < kAsks; i++)
    ahead[i] = f.prepared ? taps + i * kChunkTaps / kAsks
               : f.turned ? rows + ((8 - i / 2) * f.k + i % 2 * kChunk) * f.c
                          : rows + i / 2 * f.c * f.k + i % 2 * 16;
  return f.prepared ? kRunTaps / kAsks : f.turned ? f.c : f.k;
}

// Four tiles, where there are registers for them: u of one row of points and one vector of columns goes from the
// transform straight to its sums; the transform's first half is made before, of all rows.
constexpr int kFusedTiles = 4;
constexpr bool kFused = kLanes == 16;
constexpr int64_t kHalf = kChunk * 3 * kLanes + 16;  // of a row of points: [channel][column of taps][lane]
constexpr int64_t kRowScratch = 6 * (kPoint > kHalf ? kPoint : kHalf);

void half_taps(float* to, Taps taps, int64_t depth) {
  for (int64_t d = 0; d < depth; d++, taps.at += taps.row, to += 3 * kLanes) {
    const float* at = taps.at;
#pragma GCC unroll 3
    for (int s = 0; s < 3; s++, at += taps.tap) {
      vec w[3] = {load(at), load(at + 3 * taps.tap), load(at + 6 * taps.tap)}, o[6];
      filter_points(w, o);
#pragma GCC unroll 6
      for (int r = 0; r < 6; r++) store(to + r * kHalf + s * kLanes, o[r]);
    }
  }
}

// Which tiles have need of which points of a row: of the last one, [kFirst, kLast); of the others, the first kTiles.
template <int kTiles, int kFirst, int kLast>
constexpr bool needs(int e, int i) {
  return e < 5 ? i < kTiles : i >= kFirst && i < kLast;
}

template <int kTiles, int kFirst, int kLast>
__attribute__((noinline)) void fused_row(const ChunkProduct& p, const float* half, int row, int64_t column,
                                         const float* const* ahead) {
  constexpr int64_t kTilesPoint = kFusedTiles * kChunk + 16;
  const float* v = p.v + row * 6 * kTilesPoint;
  int64_t at = row * 6 * p.m_point + column;
  vec acc[6][kFusedTiles];
  // f(sum, where it lies). One address walks: those of 24 places would be kept on the stack.
  auto each = [&](float* sums, auto f) __attribute__((always_inline)) {
    sums += at;
#pragma GCC unroll 6
    for (int e = 0; e < 6; e++, sums += p.m_point) {
      forget(sums);
#pragma GCC unroll 4
      for (int i = 0; i < kFusedTiles; i++)
        if (needs<kTiles, kFirst, kLast>(e, i)) f(acc[e][i], sums + i * kPanel);
    }
  };
  if (p.begin)
    each(p.chain, [](vec& sum, float*) { sum = zero(); });
  else
    each(p.chain, [](vec& sum, float* from) { sum = load(from); });
  const float *ask0 = ahead[0], *ask1 = ahead[column ? 6 : 12];
  for (int64_t d = 0; d < p.depth; d++, v++, half += 3 * kLanes, ask0 += p.ahead_step, ask1 += p.ahead_step) {
    __builtin_prefetch(ask0);
    __builtin_prefetch(ask1);
    vec w[3] = {load(half), load(half + kLanes), load(half + 2 * kLanes)};
    with_filter_points(
        w, [&](int e, vec o) __attribute__((always_inline)) {
#pragma GCC unroll 4
          for (int i = 0; i < kFusedTiles; i++)
            if (needs<kTiles, kFirst, kLast>(e, i))
              acc[e][i] = fma(splat(v[e * kTilesPoint + i * kChunk]), o, acc[e][i]);
        });
  }
  if (p.add)
    each(p.sums, [](vec& sum, float* to) { store(to, load(to) + sum); });
  else
    each(p.chain, [](vec& sum, float* to) { store(to, sum); });
}

// edges: of 7x7 outputs, whose tiles at the lower and the right edge do without the last row or column of points.
void fused_products(const ChunkProduct& p, Taps taps, float* halves, bool edges) {
  for (int j = 0; j < kRunVectors; j++, taps.at += taps.vector) {
    half_taps(halves, taps, p.depth);
    for (int row = 0; row < 6; row++) {
      const float* half = halves + row * kHalf;
      const float* const* ahead = p.ahead + j * 6 + row;
      if (!edges)
        fused_row<4, 0, 4>(p, half, row, j * kLanes, ahead);
      else if (row < 5)
        fused_row<4, 1, 3>(p, half, row, j * kLanes, ahead);
      else
        fused_row<2, 1, 2>(p, half, row, j * kLanes, ahead);
    }
  }
}

}  // namespace

int64_t taps_floats(const Filter& f) { return ceil_div(f.k, kRun) * f.c * kRunTaps; }

void prepare_taps(float* to, const Filter& f, int threads) {
  int64_t runs = ceil_div(f.k, kRun);
  parallel_tasks(threads, runs * ceil_div(f.c, kChunk), [&](int64_t task, int) {
    int64_t run = task % runs, from = task / runs * kChunk;
    pack_taps(to + (run * f.c + from) * kRunTaps, f, run * kRun, from, least(kChunk, f.c - from));
  });
}

void unpack_tap(float* to, const Filter& f, int tap, int64_t panel, int64_t from, int64_t depth) {
  int width = panel_width(f.k - panel * kPanel);
  for (int j = 0; j < width; j += kLanes) {
    int64_t run = (panel * kPanel + j) / kRun;
    const float* taps = f.prepared + (run * f.c + from) * kRunTaps + (j % kRun / kLanes * 9 + tap) * kLanes;
    for (int64_t d = 0; d < depth; d++) store(to + d * width + j, load(taps + d * kRunTaps));
  }
}

int64_t stream_scratch(int64_t c, int64_t tiles) {
  return kRowScratch + kChunkTaps + (c > kPointDepth ? kPoints * point_stride(tiles * kPanel) : 0);
}

void stream_products(float* m, const Filter& f, int64_t panel, int64_t next, const float* v, const TileRange& range,
                     float* scratch) {
  int64_t tiles = range.count;
  float *u = scratch, *packed = u + kRowScratch, *chain = packed + kChunkTaps;
  Chunks chunks(f.c);
  ChunkedTiles layout(tiles);
  Groups groups(range);
  bool fused = kFused && tiles == kFusedTiles;
  Run corner = range.grid->run_of(kPoints - 1, range.first, range.first + tiles);
  bool edges = fused && corner.begin == range.first + 1 && corner.end == range.first + 2;
  int64_t begin = panel * kPanel, end = least(f.k, begin + kPanel);
  for (int64_t column = begin; column < end; column += kRun)
    for (int64_t q = 0; q < chunks.count; q++) {
      int64_t from = chunks.from(q), depth = chunks.depth(q),
              after = column + kRun < end ? column + kRun : next * kPanel;
      bool over = q + 1 == chunks.count, later = q >= chunks.each, last = (q + 1) % chunks.each == 0 || over;
      bool in_place = kInPlace && !f.prepared && !f.turned && f.k - column >= kRun;
      Taps where{f.weights + from * f.k + column, f.k, f.c * f.k, kLanes};
      if (!f.prepared && !in_place) pack_taps(packed, f, column, from, depth);
      const float* taps = f.prepared ? f.prepared + (column / kRun * f.c + from) * kRunTaps : packed;
      const float* ahead[kAsks];
      int64_t step = ask_for_taps(ahead, f, over ? after : column, over ? 0 : from + depth);
      ChunkProduct p{v + q * layout.chunk,
                     u,
                     layout.point,
                     depth,
                     (later ? chain : m) + (column - begin),
                     m + (column - begin),
                     point_stride(tiles * kPanel),
                     q % chunks.each == 0,
                     later && last,
                     ahead,
                     step};
      if (fused) {
        fused_products(p, in_place ? where : Taps{taps, kRunTaps, kLanes, 9 * kLanes}, u, edges);
        continue;
      }
#pragma GCC unroll 6
      for (int i = 0; i < 6; i++) {
        int row = i == 0 ? 1 : i == 1 ? 0 : i;
        if (i == 0 && in_place)
          pack_row(u, packed, where, depth);
        else
          kTransform[row](u, taps, depth);
        groups.multiply(p, row);
      }
    }
}

}  // namespace ISA
}  // namespace fastcnn
