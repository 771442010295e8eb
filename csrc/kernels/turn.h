// Short rows as columns, for kernels whose vectors run over columns: a block of rows at a time, which stays in the
// cache.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {

constexpr int kThin = 12, kThinFrom = 4;  // channels at most, that become neighbours, and that were: see Channels
constexpr int64_t kTurned = 256, kTurnedFloats = 8192, kTurnedRows = 256;  // numbers of a row; of a block; its rows

// Few channels: as many vectors are read as are written, and each of these takes lanes of every one of those.
// at[to][from]: kLanes + the lane of the one read for a lane that it gives, else the lane itself.
struct Channels {
  int count;
  ivec at[kThin][kThin];
  // into: channels that lie apart become neighbours; else the other way around.
  Channels(int64_t c, bool into);
  void move(float* y, int64_t step_y, const float* x, int64_t step_x, bool past) const;
};

static inline int64_t rows_turned(int64_t r) {
  int64_t rows = kTurnedFloats / r / 32 * 32;
  return rows < kTurnedRows ? rows : kTurnedRows;
}
// y (r, rows) with rows `pitch` apart, from x (rows, r); channels: of r, not `into`.
void turn(float* y, int64_t pitch, const float* x, int64_t rows, int64_t r, const Channels& channels);

}  // namespace ISA
}  // namespace fastcnn
