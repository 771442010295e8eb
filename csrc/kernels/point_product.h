// The products of Winograd's points: many, small, and between arrays that the transforms lay out, so that rows follow
// one another at one distance, columns are whole vectors, and nothing but adding to c happens at the end. At a depth of
// 32 a tile takes 400 cycles: micro.h's row pointers, tails and epilogues are a quarter of that.
#pragma once
#include "micro.h"
#include "winograd_ahead.h"

namespace fastcnn {
namespace ISA {

// c[i][j] (+)= sum over p < depth of a[i * a_row + p * a_step] * b[p * b_step + j]: one chain along p from zero, which
// is then added to c. columns: a multiple of kLanes, kPanel at most.
struct PointProduct {
  const float* a;
  int64_t a_row, a_step;
  const float* b;
  int64_t b_step;
  float* c;
  int64_t c_row;
  int64_t depth;
  bool accumulate;
  Asked ask = {};
  int64_t apart = 0;  // bytes from there to what is asked for besides
};

void point_product(PointProduct p, int64_t rows, int columns);

// Products of a block of tiles with one panel of the filter: m[e][tile][j] (+)= sum over c < depth of
// v[e][tile][c] * u[e][c][j], j < width. Tiles that have no need of a point have no sums there.
struct BlockProducts {
  float* m;
  const float* v;
  int64_t v_row, v_point;
  const float* u;  // of the first point that is asked for
  int64_t depth, first, tiles;
  int width;
  bool accumulate;
  const Tiles* grid;
};

void block_products(const BlockProducts& p, int point, int points);

// How tiles lie that a core transforms and multiplies for itself: [group of six][vector of
// channels][point][tile][lane]. A micro-tile's rows are neighbours, and all distances but that of groups are known to
// the compiler.
constexpr int64_t kGroupPoint = kTileRows * kLanes, kGroupVector = kPoints * kGroupPoint;
static inline int64_t in_group(int64_t tile, int64_t channels) {  // of its first vector and point, in floats
  return tile / kTileRows * ((channels + kLanes - 1) / kLanes) * kGroupVector + tile % kTileRows * kLanes;
}

// All products of a block of tiles that lie in groups, v of `depth` channels and m of `width`. The sums fall into
// pieces of kPointDepth at most.
struct GroupProducts {
  float* m;
  const float* v;
  const float* u;
  int64_t depth, tiles;
  int width;
  const uint64_t* needs = nullptr;  // of each group: the points it has need of
};
void group_products(const GroupProducts& p, RunsAhead& ahead);

}  // namespace ISA
}  // namespace fastcnn
