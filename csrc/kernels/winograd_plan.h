// What Winograd's convolution is asked (Problem), in which order it works and what it keeps meanwhile (Plan).
#pragma once
#include "conv_parts.h"
#include "pack.h"
#include "prologue.h"
#include "sizes.h"
#include "winograd.h"
#include "winograd_stream.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kSharedTiles = int64_t(10) << 20;    // bytes of v that do
constexpr int64_t kOwnFilter = int64_t(1) << 19;       // bytes of u that stay in L2, if v and m leave it room
constexpr int64_t kLeastTiles = 64, kMostTiles = 256;  // that are shared at a time
constexpr int64_t kLongBlock = 48;                     // tiles of a block, to begin with; half as many again at most:
constexpr int64_t kMostGroups = kLongBlock / kTileRows * 3 / 2;
constexpr int64_t kSmallFilter = int64_t(1) << 15;  // floats
constexpr int64_t kStep = 16;                       // channels of the filter transformed together

// y (n, oh, ow, k) from x (n, h, w, c); turned: the filter is (3, 3, k, c), taken backwards.
struct Problem {
  float* y;
  const float* x;
  const float* filter;
  bool turned;
  int64_t n, h, w, c, oh, ow, k, top, left;
  int64_t pixel;  // floats from one pixel of y to the next
  const fastcnn_prologue* prologue;
  fastcnn_epilogue epilogue;
  const float* prepared;   // by winograd_prepare, or null
  bool pooled;             // y is the maxima of the outputs' windows
  uint8_t* noted;          // of them, or null
  const uint8_t* winners;  // x is a map's gradient in the form of winograd_pool.h; or null
  bool adjoint = false;    // only the channels are exchanged: the filter is not taken backwards
};

inline Problem forward_problem(const Conv2d& g) {
  return {nullptr, nullptr, nullptr, false,     g.n,        g.h, g.w,     g.c,      g.oh,    g.ow,
          g.k,     g.top,   g.left,  g.y_pixel, g.prologue, {},  nullptr, g.pooled, g.noted, nullptr};
}
inline Problem dx_problem(const Conv2d& g) {
  return {nullptr, nullptr,   nullptr,    true, g.n,     g.oh, g.ow,    g.k,   g.h,     g.w,
          g.c,     2 - g.top, 2 - g.left, g.c,  nullptr, {},   nullptr, false, nullptr, g.winners};
}

// Whether a prepared filter is u: it is small, so that it stays in a core's cache. Others are prepared as they lie.
inline bool keeps_points(const Problem& p) { return 9 * p.c * p.k <= kSmallFilter; }

inline Filter filter_of(const Problem& p) {
  return {p.filter, p.turned, p.c, p.k, keeps_points(p) ? nullptr : p.prepared};
}

inline int64_t panel_bytes(const Problem& p) { return kPoints * point_stride(p.c * kPanel) * 4; }  // of u

struct Plan {
  Tiles tiles;
  int64_t panels, channels;       // channels of v, padded
  bool streamed;                  // few tiles: u is never whole
  bool by_panels;                 // panels outside, v shared
  bool grouped;                   // by tiles: v and m lie in groups of tiles (point_product.h)
  int64_t blocks = 0;             // by tiles
  int64_t block;                  // tiles whose products are made together
  int64_t batch;                  // by panels: tiles whose v is shared at a time
  int64_t piece, v_row, v_point;  // by panels: v[piece of the channels][point][tile][channel], in floats
  int64_t parts;                  // by panels: parts of a batch that threads take, for lack of panels
  int64_t zeros, u_panel, u_part, u, v, m, packed;  // bytes; packed: of the filter on its way to the transform
  Plan(const Problem& p, int threads) : tiles(p.n, p.oh, p.ow) {
    panels = panel_count(p.k), channels = align16(p.c);
    u_panel = panel_bytes(p);
    u = panels * u_panel;
    streamed = !p.winners && tiles.count <= kFewTiles && !keeps_points(p);
    bool thin = p.c <= 128;
    by_panels = u > kSharedFilter || (tiles.count < threads * (thin ? 48 : 96) && !keeps_points(p));
    block = u <= kOwnFilter ? 12 : thin ? kLongBlock / 2 : kLongBlock;  // fewer passes over u
    if (!by_panels && tiles.count) plan_blocks(threads);
    int64_t pieces = ceil_div(p.c, kPointDepth);
    piece = ceil_div(p.c, pieces), v_row = align16(piece);
    batch = least(kMostTiles, most(kLeastTiles, kSharedTiles / (kPoints * pieces * v_row * 4)));
    batch = ceil_div(tiles.count, most(1, ceil_div(tiles.count, batch)));
    v_point = point_stride(batch * v_row);
    parts = by_panels ? (threads + panels - 1) / panels : 1;
    zeros = align64(channels * 4);
    v = kPoints * (by_panels ? pieces * v_point : point_stride(block * channels)) * 4;
    m = kPoints * point_stride((by_panels ? batch : block) * kPanel) * 4;
    packed = 9 * (by_panels ? piece : kStep) * kPanel * 4;
    u_part = kPoints / 3 * point_stride(piece * kPanel) * 4;
    grouped = !streamed && !by_panels;
    tiles.sort(p.oh, p.ow, grouped ? kTileRows : p.n);  // groups of one kind
    if (streamed) plan_stream(p, threads);
  }
  // Equal blocks, as many for each thread: the last ones end together. The nearest number of them, or more.
  void plan_blocks(int threads) {
    int64_t groups = ceil_div(tiles.count, kTileRows), each = block / kTileRows;
    blocks = most(1, (groups + each / 2) / each);
    if (blocks < 8 * threads) blocks = least(groups, ceil_div(blocks, threads) * threads);
    block = ceil_div(groups, blocks) * kTileRows;
  }
  int64_t first_of(int64_t at) const {  // tile of a block
    return least(tiles.count, ceil_div(tiles.count, kTileRows) * at / blocks * kTileRows);
  }
  void plan_stream(const Problem& p, int threads) {
    parts = least(ceil_div(threads, panels), ceil_div(tiles.count, kTileRows));
    block = parts ? ceil_div(tiles.count, parts) : 0;
    u = 0, v = Chunks(p.c).count * ChunkedTiles(block).chunk * 4;
    m = kPoints * point_stride(block * kPanel) * 4;
    packed = stream_scratch(p.c, block) * 4;
    by_panels = false;
  }
  int64_t own() const { return m + packed + (by_panels ? u_part : v); }
  size_t bytes(int threads) const { return (size_t)(zeros + (by_panels ? v : u) + threads * own()); }
};

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
