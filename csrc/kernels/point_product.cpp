#include "point_product.h"

#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

// `groups` tiles of MR x NV accumulators, one below the other.
template <int MR, int NV>
const char* product_tiles(const PointProduct& product, int64_t groups) {
  const PointProduct t = product;
  const char* ask = t.ask.at;
  const float* a = t.a;
  float* c = t.c;
  for (; groups > 0; groups--, a += MR * t.a_row, c += MR * t.c_row) {
    vec acc[MR][NV];
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] = zero();
    const float *p = a, *q = t.b;
    for (int64_t d = t.depth; d > 0; d--, p += t.a_step, q += t.b_step, ask += t.ask.step) {
      __builtin_prefetch(ask, 0, 2);
      __builtin_prefetch(ask + t.apart, 0, 2);
      vec column[NV];
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) column[j] = load(q + j * kLanes);
#pragma GCC unroll 6
      for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) acc[i][j] = fma(splat(p[i * t.a_row]), column[j], acc[i][j]);
    }
    if (t.accumulate)
#pragma GCC unroll 6
      for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) acc[i][j] = load(c + i * t.c_row + j * kLanes) + acc[i][j];
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) store(c + i * t.c_row + j * kLanes, acc[i][j]);
  }
  return ask;
}

typedef const char* (*ProductTiles)(const PointProduct&, int64_t);

template <int NV>
inline ProductTiles tiles_of(int64_t rows, int vectors) {
  if constexpr (NV > 1)
    if (vectors < NV) return tiles_of<NV - 1>(rows, vectors);
  constexpr ProductTiles of[kTileRows + 1] = {nullptr,
                                              product_tiles<1, NV>,
                                              product_tiles<2, NV>,
                                              product_tiles<3, NV>,
                                              product_tiles<4, NV>,
                                              product_tiles<5, NV>,
                                              product_tiles<6, NV>};
  return of[rows];
}

// The same of one group of tiles and one point, MR of its rows, over channels [from, from + depth).
template <int MR, int NV>
const char* group_tile(const float* a, const float* b, float* c, int64_t from, int64_t depth, Asked ask) {
  vec acc[MR][NV];
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) acc[i][j] = zero();
  int64_t lane = from % kLanes, end = from + depth;
  a += from / kLanes * kGroupVector;
  for (int64_t at = from - lane; at < end; at += kLanes, a += kGroupVector, lane = 0) {
    const float* p = a + lane;
    for (int64_t d = (end - at < kLanes ? end - at : kLanes) - lane; d > 0;
         d--, p++, b += NV * kLanes, ask.at += ask.step) {
      __builtin_prefetch(ask.at, 0, 2);
      vec column[NV];
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) column[j] = load(b + j * kLanes);
#pragma GCC unroll 6
      for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) acc[i][j] = fma(splat(p[i * kLanes]), column[j], acc[i][j]);
    }
  }
  if (from > 0)
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] = load(c + i * kLanes + j * kGroupVector) + acc[i][j];
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) store(c + i * kLanes + j * kGroupVector, acc[i][j]);
  return ask.at;
}

typedef const char* (*GroupTile)(const float*, const float*, float*, int64_t, int64_t, Asked);

template <int NV>
inline GroupTile group_of(int64_t rows, int vectors) {
  if constexpr (NV > 1)
    if (vectors < NV) return group_of<NV - 1>(rows, vectors);
  constexpr GroupTile of[kTileRows + 1] = {nullptr,           group_tile<1, NV>, group_tile<2, NV>, group_tile<3, NV>,
                                           group_tile<4, NV>, group_tile<5, NV>, group_tile<6, NV>};
  return of[rows];
}

}  // namespace

// Rows are dealt out evenly: tiles of some height, then tiles of one row less.
__attribute__((noinline)) void point_product(PointProduct p, int64_t rows, int columns) {
  int64_t groups = (rows + kTileRows - 1) / kTileRows;
  if (groups == 0) return;
  int64_t low = rows / groups, high = rows % groups;
  int vectors = columns / kLanes;
  if (!p.ask.at) p.ask = {(const char*)p.b, 0};
  if (high) {
    p.ask.at = tiles_of<kTileVectors>(low + 1, vectors)(p, high);
    p.a += high * (low + 1) * p.a_row, p.c += high * (low + 1) * p.c_row;
  }
  tiles_of<kTileVectors>(low, vectors)(p, groups - high);
}

// Meanwhile v of the next point is asked for.
void block_products(const BlockProducts& p, int point, int points) {
  int64_t u_point = point_stride(p.depth * p.width), m_point = point_stride(p.tiles * p.width);
  const float* u = p.u;
  for (int e = point; e < point + points; e++, u += u_point) {
    Run run = p.grid->run_of(e, p.first, p.first + p.tiles);
    int64_t at = run.begin - p.first, tiles = run.end - run.begin;
    if (tiles <= 0) continue;
    const float* v = p.v + e * p.v_point + at * p.v_row;
    Asked ask{(const char*)(v + p.v_point), ceil_div(kTileRows * p.v_row * 4, p.depth)};
    point_product({v, p.v_row, 1, u, p.width, p.m + e * m_point + at * p.width, p.width, p.depth, p.accumulate, ask},
                  tiles, p.width);
  }
}

constexpr int64_t kOwnDepth = 128;  // channels up to which u stays about in a core's own cache

// Meanwhile what lies ahead is asked for, or else u of the next point.
void group_products(const GroupProducts& p, RunsAhead& ahead) {
  int64_t groups = ceil_div(p.tiles, kTileRows), last = p.tiles - (groups - 1) * kTileRows;
  int64_t u_point = point_stride(p.depth * p.width);
  int64_t pieces = ceil_div(p.depth, kPointDepth), piece = ceil_div(p.depth, pieces);
  GroupTile whole = group_of<kTileVectors>(kTileRows, p.width / kLanes),
            rest = group_of<kTileVectors>(last, p.width / kLanes);
  uint64_t needed = 0;
  for (int64_t g = 0; g < groups; g++) needed |= p.needs ? p.needs[g] : ~uint64_t(0);
  for (int e = 0; e < kPoints; e++) {
    if (!(needed >> e & 1)) continue;
    const float *u = p.u + e * u_point, *v = p.v + e * kGroupPoint;
    float* m = p.m + e * kGroupPoint;
    Asked ask = ahead.ask(groups * p.depth);
    if (!ask.at)
      ask = p.depth > kOwnDepth ? Asked{(const char*)(u + u_point), p.width * 4 / groups} : Asked{(const char*)p.u, 0};
    for (int64_t from = 0; from < p.depth; from += piece)
      for (int64_t g = 0; g < groups; g++) {
        if (p.needs && !(p.needs[g] >> e & 1)) continue;
        ask.at = (g + 1 < groups ? whole : rest)(v + in_group(g * kTileRows, p.depth), u + from * p.width,
                                                 m + in_group(g * kTileRows, p.width), from,
                                                 least(piece, p.depth - from), ask);
      }
  }
}

}  // namespace ISA
}  // namespace fastcnn
