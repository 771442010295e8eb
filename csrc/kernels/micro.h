// The micro-kernel: every product of this library, be it matmul, convolution, a gradient or Winograd, ends here.
//
//   c[i][j] (+)= sum over segments s, p < depth of a[s][i][p * step] * b[p][j]       i < MR, j < NV * kLanes
//
// A is read in place through row pointers, MR of them per segment (a convolution's segment is one tap of the filter,
// and a pixel in the padding points at zeros); B is packed in panels. The tile stays in registers: MR x NV
// accumulators, each one chain of fused multiply-adds over p, so the bits do not depend on the ISA or on how tiles are
// cut.
#pragma once
#include "fastcnn/core.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

// The largest tile: 24 accumulators of 32 registers, or 12 of 16.
constexpr int kTileRows = 6;
constexpr int kTileVectors = kRegisters == 32 ? 4 : 2;
constexpr int kPanel = kTileVectors * kLanes;  // columns of a packed panel of B

// Sums over p are cut into blocks of about this length, each summed from zero and then added to c. It bounds the error
// of long sums and keeps a block of B in L2. It is part of the numbers' definition: the same on every ISA.
constexpr int64_t kDepth = 512;
static inline int64_t depth_of_block(int64_t run) {  // run cut into equal pieces of kDepth at most
  int64_t pieces = (run + kDepth - 1) / kDepth;
  return pieces > 1 ? (run + pieces - 1) / pieces : run;
}

// What happens to a tile when its block of the sum is done.
struct Finish {
  bool accumulate = false;  // add to what c holds
  bool last = false;        // the sum is complete: bias, residual, clamp and gate apply
  bool clamp = false;
  bool stream = false;  // store past the caches; rows are aligned vectors
  float low = 0, high = 0;
  const float* bias = nullptr;     // of the panel's first column, or null
  const char* residual = nullptr;  // or null: what lies as far from it as c from origin is added
  const char* gate = nullptr;      // or null: likewise; c goes through it
  const char* origin = nullptr;    // c's array, whose element offsets the residual and the gate share
  bool asked = false;              // what the first rows are joined with has been asked for
  int64_t next = 0;                // floats from c to what is joined next with the same rows, to ask for that; or 0
};

// What the products after this one will read: `lines` cache lines of each of `rows` rows. They are asked for while this
// one computes, evenly over its tiles: the first lines of all rows, then the second ones.
struct Ahead {
  const float* from;
  int64_t rows, step, lines;    // row i lies at from + i * step,
  const int64_t* at = nullptr;  // or at from + at[i]
};

// What a product after this one will read of B, in runs of kPanel floats: as many as this one has time for, in order.
// They are asked for and, some runs later, packed; or, where packing is more than copying, only asked for.
constexpr int64_t kPackedAhead = 16;            // runs
constexpr int64_t kPackedRows = 2 * kTileRows;  // of a product that has time for it
struct Packing {
  const float* from;  // the run that is asked for next
  int64_t step;       // from run to run
  float* to;          // or null
  int64_t runs;
  int64_t done = to ? -kPackedAhead : 0;
  int64_t line = 0, jump = 0;  // after each `line` runs `jump` floats are skipped
};

struct Segments {
  const float* const* rows;  // rows[s * stride + i]: row i of segment s
  int64_t stride;
  int64_t count;
  int64_t depth, step;
  int64_t offset = 0;  // added to every row
  bool cold = false;   // the rows have not been read yet: ask for them ahead
  Ahead ahead = {};
  bool fresh = false;          // c is stored for the first time, in many places: ask for it ahead
  Packing* packing = nullptr;  // in place of what is asked for ahead
  bool adjacent = false;       // row i lies i floats behind the first, and c is no more than a sum
};

// m rows of one panel with `columns` columns (at most kPanel). Rows are dealt out evenly, so that 49 rows make tiles of
// 6 and 5 and not eight of 6 and one of 1, which would wait for its own additions.
void micro_rows(Segments a, const float* b, int64_t b_step, float* const* c, int64_t m, int columns,
                const Finish& finish);

// The epilogue in the terms of a tile. Returns whether the activation is one that the tile cannot apply itself and that
// the caller applies to the finished rows.
static inline bool finish_with(const fastcnn_epilogue& e, Finish* f) {
  f->clamp = e.activation == FASTCNN_RELU || e.activation == FASTCNN_RELU6;
  f->low = 0;
  f->high = e.activation == FASTCNN_RELU6 ? 6.0f : __builtin_inff();
  return !f->clamp && e.activation != FASTCNN_LINEAR;
}

}  // namespace ISA
}  // namespace fastcnn
