#include "micro.h"

namespace fastcnn {
namespace ISA {
namespace {

// What lies in an array of the result's shape where c lies in the result.
inline const float* beside(const char* array, const Finish& f, const float* c) {
  return (const float*)(array + ((const char*)c - f.origin));
}

template <int NV>
inline vec tile_load(const float* p, int j, int tail) {
  return j == NV - 1 ? load_first(p + j * kLanes, tail) : load(p + j * kLanes);
}

// f(i, j) for every vector of a tile, unrolled, so that the accumulators stay in registers.
template <int MR, int NV, class F>
inline __attribute__((always_inline)) void each(F f) {
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) f(i, j);
}

// tail: columns of the last vector.
template <int MR, int NV>
inline __attribute__((always_inline)) void tile_finish(vec (&acc)[MR][NV], float* const* c, const Finish& f, int tail) {
  if (f.accumulate) each<MR, NV>([&](int i, int j) { acc[i][j] = tile_load<NV>(c[i], j, tail) + acc[i][j]; });
  if (f.last) {
    if (f.bias) each<MR, NV>([&](int i, int j) { acc[i][j] += tile_load<NV>(f.bias, j, tail); });
    if (f.residual)
      each<MR, NV>([&](int i, int j) { acc[i][j] += tile_load<NV>(beside(f.residual, f, c[i]), j, tail); });
    if (f.clamp) each<MR, NV>([&](int i, int j) { acc[i][j] = min(splat(f.high), max(splat(f.low), acc[i][j])); });
    if (f.gate)
      each<MR, NV>(
          [&](int i, int j) { acc[i][j] = through(tile_load<NV>(beside(f.gate, f, c[i]), j, tail), acc[i][j]); });
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

template <int MR, int NV, bool kAsks = false>
void micro_tile(const Segments& a, const float* b, int64_t b_step, float* const* c, const Finish& finish, int tail,
                const Asking& asking) {
  vec acc[MR][NV];
  each<MR, NV>([&](int i, int j) { acc[i][j] = zero(); });
  const float* const* rows = a.rows;
  int64_t asked = 0;
  for (int64_t s = 0; s < a.count; s++, rows += a.stride) {
    const float* row[MR];
    for (int i = 0; i < MR; i++) row[i] = rows[i] + a.offset;
    int64_t end = a.depth * a.step;
    for (int64_t p = 0; p != end; p += a.step) {
      vec column[NV];
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) column[j] = load(b + j * kLanes);
      b += b_step;
      if constexpr (kAsks) asking.ask(asked++);
      each<MR, NV>([&](int i, int j) { acc[i][j] = fma(splat(row[i][p]), column[j], acc[i][j]); });
    }
  }
  tile_finish<MR, NV>(acc, c, finish, tail);
}

typedef void (*MicroTile)(const Segments&, const float*, int64_t, float* const*, const Finish&, int, const Asking&);

template <int NV>
inline MicroTile micro_of(int rows) {
  constexpr MicroTile of[kTileRows + 1] = {nullptr,           micro_tile<1, NV>, micro_tile<2, NV>, micro_tile<3, NV>,
                                           micro_tile<4, NV>, micro_tile<5, NV>, micro_tile<6, NV>};
  return of[rows];
}
inline MicroTile micro_of(int rows, int vectors) {
#if defined(__AVX512F__)
  if (vectors == 4) return micro_of<4>(rows);
  if (vectors == 3) return micro_of<3>(rows);
#endif
  return vectors == 2 ? micro_of<2>(rows) : micro_of<1>(rows);
}

// Only whole tiles ask ahead: the others are too few to carry it.
inline MicroTile micro_asking(int rows, int vectors) {
  if (vectors < kTileVectors || rows < kTileRows - 1) return nullptr;
  return rows == kTileRows ? micro_tile<kTileRows, kTileVectors, true> : micro_tile<kTileRows - 1, kTileVectors, true>;
}

// The next rows of a plain product: each is a short run somewhere in memory, over before a prefetcher has noticed it.
// Into L2, for b passes through L1 in the meantime.
inline void ask_for(const Segments& a, int first, int rows) {
  for (int i = first; i < first + rows; i++)
    for (int64_t p = 0; p < a.depth; p += 16) __builtin_prefetch(a.rows[i] + a.offset + p, 0, 2);
}

// What is asked for while one tile is computed.
struct LinesOfTile {
  static constexpr int kMost = 512;
  const float* at[kMost];
  int count = 0;
  void add(const float* line) {
    if (count < kMost) at[count++] = line;
  }
  // The [first, last)th of the lines to ask for. Long lists: no division for each of them.
  void add_ahead(const Ahead& ahead, int64_t first, int64_t last) {
    int64_t left = last - first < kMost - count ? last - first : kMost - count;
    for (int64_t row, run; left > 0; first += run, left -= run) {
      row = first % ahead.rows, run = ahead.rows - row < left ? ahead.rows - row : left;
      const float* from = ahead.from + first / ahead.rows * 16;
      for (int64_t i = row; i < row + run; i++) at[count++] = from + (ahead.at ? ahead.at[i] : i * ahead.step);
    }
  }
  // What the sums of c's rows will be joined with.
  void add_joined(const Finish& f, bool sums, float* const* c, int64_t first, int64_t last, int columns) {
    for (int64_t i = first; i < last; i++)
      for (int j = 0; j < columns; j += 16) {
        if (sums) add(c[i] + j);
        if (f.last && f.residual) add(beside(f.residual, f, c[i] + j));
        if (f.last && f.gate) add(beside(f.gate, f, c[i] + j));
      }
  }
};

}  // namespace

void micro_rows(Segments a, const float* b, int64_t b_step, float* const* c, int64_t m, int columns,
                const Finish& finish) {
  int vectors = (columns + kLanes - 1) / kLanes;
  int tail = columns - (vectors - 1) * kLanes;
  int64_t groups = (m + kTileRows - 1) / kTileRows;
  int64_t wanted = a.ahead.rows * a.ahead.lines;
  bool sums = (finish.accumulate && wanted) || a.fresh;  // where much passes through L2, they may have left it
  bool joined = sums || (finish.last && (finish.residual || finish.gate));
  for (int64_t g = 0, done = 0; g < groups; g++) {
    int rows = (int)((m - done + groups - g - 1) / (groups - g));
    int64_t next = done + 2 * rows < m ? done + 2 * rows : m;  // the end of the tile after this one
    if (a.cold) ask_for(a, rows, (int)(next - done - rows));
    LinesOfTile soon;
    if (joined) soon.add_joined(finish, sums, c, g ? done + rows : 0, next, columns);
    MicroTile tile = wanted || joined ? micro_asking(rows, vectors) : nullptr;
    if (tile)
      soon.add_ahead(a.ahead, wanted * g / groups, wanted * (g + 1) / groups);
    else
      for (int i = 0; i < soon.count; i++) __builtin_prefetch(soon.at[i]);
    if (!tile || !soon.count) tile = micro_of(rows, vectors);
    tile(a, b, b_step, c + done, finish, tail, Asking(soon.at, soon.count, a.count * a.depth));
    a.rows += rows;
    done += rows;
  }
}

}  // namespace ISA
}  // namespace fastcnn
