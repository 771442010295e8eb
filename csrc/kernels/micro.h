// The micro-kernel: every product of this library, be it matmul, convolution, a gradient or Winograd, ends here.
//
//   c[i][j] (+)= sum over segments s, p < depth of a[s][i][p * step] * b[p][j]       i < MR, j < NV * kLanes
//
// A is read in place through row pointers, MR of them per segment (a convolution's segment is one tap of the filter, and
// a pixel in the padding points at zeros); B is packed in panels. The tile stays in registers: MR x NV accumulators,
// each one chain of fused multiply-adds over p, so the bits do not depend on the ISA or on how tiles are cut.
#pragma once
#include "fastcnn/core.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

// The largest tile: 24 accumulators of 32 registers, or 12 of 16.
constexpr int kTileRows = 6;
constexpr int kTileVectors = kLanes == 16 ? 4 : 2;
constexpr int kPanel = kTileVectors * kLanes;  // columns of a packed panel of B

// Sums over p are cut into blocks of about this length, each summed from zero and then added to c. It bounds the error
// of long sums and keeps a block of B in L2. It is part of the numbers' definition: the same on every ISA.
constexpr int64_t kDepth = 384;
static inline int64_t depth_of_block(int64_t run) {  // run cut into equal pieces of kDepth at most
  int64_t pieces = (run + kDepth - 1) / kDepth;
  return pieces > 1 ? (run + pieces - 1) / pieces : run;
}

// What happens to a tile when its block of the sum is done.
struct Finish {
  bool accumulate = false;  // add to what c holds
  bool last = false;        // the sum is complete: bias, residual and clamp apply
  bool clamp = false;
  bool stream = false;      // store past the caches; rows are aligned vectors
  float low = 0, high = 0;
  const float* bias = nullptr;    // of the panel's first column, or null
  const char* residual = nullptr; // see residual_of; null: none
  const char* origin = nullptr;   // c's array, whose element offsets the residual shares
};

static inline const float* residual_of(const Finish& f, const float* c) {
  return (const float*)(f.residual + ((const char*)c - f.origin));
}

// Results larger than the caches are gone from them before anyone reads them; writing past the caches saves reading each
// line first. Only whole vectors can be written so.
constexpr int64_t kStreamFrom = int64_t(32) << 20;
static inline bool streams(const float* y, int64_t floats, int64_t columns) {
  return floats * 4 >= kStreamFrom && (uintptr_t)y % 64 == 0 && columns % 16 == 0;
}

struct Segments {
  const float* const* rows;  // rows[s * stride + i]: row i of segment s
  int64_t stride;
  int64_t count;
  int64_t depth, step;
  int64_t offset = 0;  // added to every row
};

template <int NV>
static inline vec tile_load(const float* p, int j, int tail) {
  return j == NV - 1 ? load_first(p + j * kLanes, tail) : load(p + j * kLanes);
}

// f(i, j) for every vector of a tile, unrolled, so that the accumulators stay in registers.
template <int MR, int NV, class F>
static inline __attribute__((always_inline)) void each(F f) {
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) f(i, j);
}

// tail: columns of the last vector.
template <int MR, int NV>
static inline void tile_finish(vec (&acc)[MR][NV], float* const* c, const Finish& f, int tail) {
  if (f.accumulate) each<MR, NV>([&](int i, int j) { acc[i][j] = tile_load<NV>(c[i], j, tail) + acc[i][j]; });
  if (f.last) {
    if (f.bias) each<MR, NV>([&](int i, int j) { acc[i][j] += tile_load<NV>(f.bias, j, tail); });
    if (f.residual) each<MR, NV>([&](int i, int j) { acc[i][j] += tile_load<NV>(residual_of(f, c[i]), j, tail); });
    if (f.clamp) each<MR, NV>([&](int i, int j) { acc[i][j] = min(splat(f.high), max(splat(f.low), acc[i][j])); });
  }
  if (f.stream)
    each<MR, NV>([&](int i, int j) { stream(c[i] + j * kLanes, acc[i][j]); });
  else if (tail == kLanes)
    each<MR, NV>([&](int i, int j) { store(c[i] + j * kLanes, acc[i][j]); });
  else
    each<MR, NV>([&](int i, int j) {
      if (j == NV - 1)
        store_first(c[i] + j * kLanes, acc[i][j], tail);
      else
        store(c[i] + j * kLanes, acc[i][j]);
    });
}

template <int MR, int NV>
static void micro_tile(const Segments& a, const float* b, int64_t b_step, float* const* c, const Finish& finish,
                       int tail) {
  vec acc[MR][NV];
  each<MR, NV>([&](int i, int j) { acc[i][j] = zero(); });
  const float* const* rows = a.rows;
  for (int64_t s = 0; s < a.count; s++, rows += a.stride) {
    const float* row[MR];
    for (int i = 0; i < MR; i++) row[i] = rows[i] + a.offset;
    int64_t end = a.depth * a.step;
    for (int64_t p = 0; p != end; p += a.step) {
      vec column[NV];
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) column[j] = load(b + j * kLanes);
      b += b_step;
      each<MR, NV>([&](int i, int j) { acc[i][j] = fma(splat(row[i][p]), column[j], acc[i][j]); });
    }
  }
  tile_finish<MR, NV>(acc, c, finish, tail);
}

typedef void (*MicroTile)(const Segments&, const float*, int64_t, float* const*, const Finish&, int);

template <int NV>
static inline MicroTile micro_of(int rows) {
  constexpr MicroTile of[kTileRows + 1] = {nullptr,           micro_tile<1, NV>, micro_tile<2, NV>, micro_tile<3, NV>,
                                           micro_tile<4, NV>, micro_tile<5, NV>, micro_tile<6, NV>};
  return of[rows];
}
static inline MicroTile micro_of(int rows, int vectors) {
#if defined(__AVX512F__)
  if (vectors == 4) return micro_of<4>(rows);
  if (vectors == 3) return micro_of<3>(rows);
#endif
  return vectors == 2 ? micro_of<2>(rows) : micro_of<1>(rows);
}

// m rows of one panel with `columns` columns (at most kPanel). Rows are dealt out evenly, so that 49 rows make tiles of
// 6 and 5 and not eight of 6 and one of 1, which would wait for its own additions.
static inline void micro_rows(Segments a, const float* b, int64_t b_step, float* const* c, int64_t m, int columns,
                              const Finish& finish) {
  int vectors = (columns + kLanes - 1) / kLanes;
  int tail = columns - (vectors - 1) * kLanes;
  int64_t groups = (m + kTileRows - 1) / kTileRows;
  for (int64_t g = 0, done = 0; g < groups; g++) {
    int rows = (int)((m - done + groups - g - 1) / (groups - g));
    micro_of(rows, vectors)(a, b, b_step, c + done, finish, tail);
    a.rows += rows;
    done += rows;
  }
}

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
