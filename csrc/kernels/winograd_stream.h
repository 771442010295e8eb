// Winograd's products where the transformed filter, four times the size of the filter, is not worth keeping: it is made
// a chunk of channels at a time, small enough for L1, and multiplied at once with all tiles. For layers with many
// channels and few tiles, which wait for the memory otherwise.
#pragma once
#include "pack.h"
#include "sizes.h"
#include "winograd.h"

namespace fastcnn {
namespace ISA {

struct Filter {
  const float* weights;  // (3, 3, c, k), or turned: (3, 3, k, c), taken backwards
  bool turned;
  int64_t c, k;
  const float* prepared;  // what prepare_taps makes of it, or null
};

constexpr int64_t kFewTiles = 8 * kTileRows;  // up to which u is never whole
constexpr int64_t kChunk = 16;                // channels
constexpr int kRunVectors = 2;  // multiplied side by side: a sixth of the points of a chunk is a quarter of L1
constexpr int kRun = kRunVectors * kLanes;  // columns
constexpr int64_t kRunTaps = 9 * kRun;      // floats of a channel's taps, [vector][tap][lane]

// The channels in chunks. Sums start afresh with each piece, as everywhere (kPointDepth); a chunk lies in one piece.
struct Chunks {
  int64_t channels, piece, each, count;  // each: chunks of a piece
  explicit Chunks(int64_t c) : channels(c) {
    int64_t pieces = ceil_div(c, kPointDepth);
    piece = ceil_div(c, pieces), each = ceil_div(piece, kChunk);
    count = (pieces - 1) * each + ceil_div(c - (pieces - 1) * piece, kChunk);
  }
  int64_t from(int64_t chunk) const { return chunk / each * piece + chunk % each * kChunk; }
  int64_t depth(int64_t chunk) const {
    int64_t end = least(channels, (chunk / each + 1) * piece);
    return least(kChunk, end - from(chunk));
  }
};

// v of `tiles` tiles, [chunk][point][tile][channel]: in the order in which it is read.
struct ChunkedTiles {
  int64_t tiles, point, chunk;
  explicit ChunkedTiles(int64_t count) : tiles(count), point(point_stride(count * kChunk)), chunk(kPoints * point) {}
};

int64_t taps_floats(const Filter& f);
void prepare_taps(float* to, const Filter& f, int threads);
// One tap of channels [from, from + depth) of a panel out of what prepare_taps has made, [channel][column].
void unpack_tap(float* to, const Filter& f, int tap, int64_t panel, int64_t from, int64_t depth);

// Some tiles of a map that are sorted as one set.
struct TileRange {
  const Tiles* grid;
  int64_t first, count;
};

// m[point][tile][column] of one panel, kPanel columns wide, for the tiles of v, where they have need of it; towards its
// end it asks for the panel that is `next`. scratch: stream_scratch floats.
int64_t stream_scratch(int64_t c, int64_t tiles);
void stream_products(float* m, const Filter& f, int64_t panel, int64_t next, const float* v, const TileRange& range,
                     float* scratch);

}  // namespace ISA
}  // namespace fastcnn
