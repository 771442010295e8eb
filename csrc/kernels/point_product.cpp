#include "point_product.h"

#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

// `groups` tiles of MR x NV accumulators, one below the other.
template <int MR, int NV>
void product_tiles(PointProduct& product, int64_t groups) {
  const PointProduct t = product;
  const char *ask = t.ask.at, *further = t.further.at;
  const float* a = t.a;
  float* c = t.c;
  for (; groups > 0; groups--, a += MR * t.a_row, c += MR * t.c_row) {
    vec acc[MR][NV];
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] = zero();
    const float *p = a, *q = t.b;
    for (int64_t d = t.depth; d > 0; d--, p += t.a_step, q += t.b_step, ask += t.ask.step, further += t.further.step) {
      __builtin_prefetch(ask, 0, 2);
      __builtin_prefetch(further, 0, 2);
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
  product.a = a, product.c = c, product.ask.at = ask, product.further.at = further;
}

typedef void (*ProductTiles)(PointProduct&, int64_t);

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

// What a group's products ask for at each step: tiles to come, and the filter of the next point.
struct AskedOfGroup {
  Asked tiles, u;
};

// The same of one group of tiles and one point, MR of its rows, over channels [from, from + depth). It asks for v of
// the next point, too.
template <int MR, int NV>
void group_tile(const float* a, const float* b, float* c, int64_t from, int64_t depth, AskedOfGroup& asked) {
  vec acc[MR][NV];
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) acc[i][j] = zero();
  Asked ask = asked.tiles, ask_u = asked.u;
  int64_t lane = from % kLanes, end = from + depth;
  a += from / kLanes * kGroupVector;
  for (int64_t at = from - lane; at < end; at += kLanes, a += kGroupVector, lane = 0) {
    const float *p = a + lane, *next = a + kGroupPoint + lane * kTileRows;
    for (int64_t d = (end - at < kLanes ? end - at : kLanes) - lane; d > 0;
         d--, p++, b += NV * kLanes, next += kTileRows, ask.at += ask.step, ask_u.at += ask_u.step) {
      __builtin_prefetch(ask.at, 0, 2);
      __builtin_prefetch(ask_u.at, 0, 2);
      __builtin_prefetch(next, 0, 2);
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
  asked.tiles.at = ask.at, asked.u.at = ask_u.at;
}

typedef void (*GroupTile)(const float*, const float*, float*, int64_t, int64_t, AskedOfGroup&);

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
void point_product(PointProduct p, int64_t rows, int columns) {
  int64_t groups = (rows + kTileRows - 1) / kTileRows;
  if (groups == 0) return;
  int64_t low = rows / groups, high = rows % groups;
  int vectors = columns / kLanes;
  if (!p.ask.at) p.ask = {(const char*)p.b, 0};
  if (!p.further.at) p.further = {(const char*)p.b, 0};
  if (high) tiles_of<kTileVectors>(low + 1, vectors)(p, high);
  tiles_of<kTileVectors>(low, vectors)(p, groups - high);
}

void block_products(const BlockProducts& p) {
  int64_t pieces = ceil_div(p.depth, kPointDepth), piece = ceil_div(p.depth, pieces);
  int64_t u_point = point_stride(p.depth * p.width), m_point = point_stride(p.tiles * p.width);
  int64_t groups = ceil_div(p.tiles, kTileRows);
  for (int e = 0; e < kPoints; e++) {
    const float *u = p.u + e * u_point, *v = p.v + e * p.v_point, *next = p.v + (e + 1) % kPoints * p.v_point;
    for (int64_t from = 0; from < p.depth; from += piece) {
      int64_t asked = p.tiles * p.v_row * from / p.depth;
      point_product({v + from,
                     p.v_row,
                     1,
                     u + from * p.width,
                     p.width,
                     p.m + e * m_point,
                     p.width,
                     least(piece, p.depth - from),
                     from > 0,
                     {(const char*)(u + u_point + from * p.width), p.width * 4 / groups},
                     {(const char*)(next + asked), p.tiles * p.v_row * 4 / (groups * p.depth)}},
                    p.tiles, p.width);
    }
  }
}

void group_products(const GroupProducts& p, RunsAhead& ahead) {
  int64_t groups = ceil_div(p.tiles, kTileRows), last = p.tiles - (groups - 1) * kTileRows;
  int64_t u_point = point_stride(p.depth * p.width);
  int64_t pieces = ceil_div(p.depth, kPointDepth), piece = ceil_div(p.depth, pieces);
  GroupTile whole = group_of<kTileVectors>(kTileRows, p.width / kLanes),
            rest = group_of<kTileVectors>(last, p.width / kLanes);
  for (int e = 0; e < kPoints; e++) {
    const float *u = p.u + e * u_point, *v = p.v + e * kGroupPoint;
    AskedOfGroup asked{ahead.ask(groups * p.depth), {(const char*)(u + u_point), p.width * 4 / groups}};
    if (!asked.tiles.at) asked.tiles = {(const char*)p.u, 0};
    float* m = p.m + e * kGroupPoint;
    for (int64_t from = 0; from < p.depth; from += piece)
      for (int64_t g = 0; g < groups; g++)
        (g + 1 < groups ? whole : rest)(v + in_group(g * kTileRows, p.depth), u + from * p.width,
                                        m + in_group(g * kTileRows, p.width), from, least(piece, p.depth - from),
                                        asked);
  }
}

}  // namespace ISA
}  // namespace fastcnn
