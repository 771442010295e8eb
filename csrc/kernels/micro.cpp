#include "micro.h"

#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

// Lines are asked for by their ends: what begins within a line of a row mostly has been read with what ends there.
constexpr int64_t kLine = 15;  // floats from the first of a line to the last

// What lies in an array of the result's shape where c lies in the result.
inline const float* beside(const char* array, const Finish& f, const float* c) {
  return (const float*)(array + ((const char*)c - f.origin));
}

// What a tile asks for, one line at a time, evenly over the steps of its sum: a core waits for a few lines at a time
// and forgets what it is asked for beyond. First lines of rows of c, or rather of arrays that lie `apart` bytes from
// it, then lines of `ahead`. They are counted, not listed: tiles of short sums are over in a few hundred cycles, and a
// list's stores would wait behind those of c.
struct Asking {
  float* const* rows;
  int64_t places;  // 1 << lines for each of 1 << arrays arrays of each row
  int lines, arrays;
  int64_t apart[4];
  Ahead ahead;
  int64_t first;  // of the lines of `ahead`: rows in their order, then the next line of each
  int64_t all;    // places and lines
  int64_t each;   // steps between two
  Packing* packing;
  const void* at(int64_t i, const void* hot) const {
    if (i < places) {
      const float* row = rows[i >> lines >> arrays] + (i & ((1 << lines) - 1)) * 16;
      return (const char*)row + apart[i >> lines & ((1 << arrays) - 1)];
    }
    if (i >= all) return hot;
    int64_t row = first + i - places;
    const float* from = ahead.from;
    for (; row >= ahead.rows; row -= ahead.rows) from += 16;
    return from + (ahead.at ? ahead.at[row] : row * ahead.step);
  }
};

inline void pack_run(Packing& p) {
  if (p.done == p.runs) return;
  if (p.done >= 0 && p.to)
#pragma GCC unroll 4
    for (int j = 0; j < kTileVectors; j++)
      store(p.to + p.done * kPanel + j * kLanes, load(p.from - kPackedAhead * p.step + j * kLanes));
  if (!p.to || p.done + kPackedAhead < p.runs)
    for (int j = kLine; j < kPanel; j += 16) __builtin_prefetch(p.from + j, 0, 2);
  p.from += p.step;
  if (++p.done == p.line) p.from += p.jump, p.done = 0, p.runs -= p.line;
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
    if (f.clamp) each<MR, NV>([&](int i, int j) { acc[i][j] = max(splat(f.low), acc[i][j]); });
    if (f.high < __builtin_inff() && f.clamp)
      each<MR, NV>([&](int i, int j) { acc[i][j] = min(splat(f.high), acc[i][j]); });
    if (f.gate)
      each<MR, NV>(
          [&](int i, int j) { acc[i][j] = through(tile_load<NV>(beside(f.gate, f, c[i]), j, tail), acc[i][j]); });
  }
  if (f.stream)
    each<MR, NV>([&](int i, int j) { stream(c[i] + j * kLanes, acc[i][j]); });
  else if (kLanes < 16 && tail == kLanes)  // of sixteen, storing the first is no slower than storing all
    each<MR, NV>([&](int i, int j) { store(c[i] + j * kLanes, acc[i][j]); });
  else
    each<MR, NV>([&](int i, int j) {
      if (j == NV - 1)
        store_first(c[i] + j * kLanes, acc[i][j], tail);
      else
        store(c[i] + j * kLanes, acc[i][j]);
    });
}

// Tiles of few rows do not ask ahead: they are too few to carry it. kPacks: what else is wanted is packed instead. (One
// function for both takes an eighth longer.)
template <int MR, int NV, bool kPacks = false>
void micro_tile(const Segments& a, const float* b, int64_t b_step, float* const* c, const Finish& finish, int tail,
                const Asking& asking) {
  vec acc[MR][NV];
  each<MR, NV>([&](int i, int j) { acc[i][j] = zero(); });
  constexpr bool kAsks = MR > 3;
  const float* const* rows = a.rows;
  int64_t asked = 0;
  for (int64_t s = 0; s < a.count; s++, rows += a.stride) {
    const float* row[MR];
    for (int i = 0; i < MR; i++) row[i] = rows[i] + a.offset;
    int64_t end = a.depth * a.step;
    for (int64_t p = 0; p != end;) {
      if (kPacks && asked >= asking.places)
        pack_run(*asking.packing);
      else if (kAsks)
        __builtin_prefetch(asking.at(asked++, b));
      const int64_t stop = kAsks && end - p > asking.each ? p + asking.each : end;
      do {
        vec column[NV];
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) column[j] = load(b + j * kLanes);
        b += b_step;
        each<MR, NV>([&](int i, int j) { acc[i][j] = fma(splat(row[i][p]), column[j], acc[i][j]); });
        p += a.step;
      } while (p != stop);
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
inline MicroTile micro_of(int rows, int vectors, bool packs) {
  if (packs && rows > 3)
    return rows == 4   ? micro_tile<4, kTileVectors, true>
           : rows == 5 ? micro_tile<5, kTileVectors, true>
                       : micro_tile<6, kTileVectors, true>;
#if defined(__AVX512F__)
  if (vectors == 4) return micro_of<4>(rows);
  if (vectors == 3) return micro_of<3>(rows);
#endif
  return vectors == 2 ? micro_of<2>(rows) : micro_of<1>(rows);
}

// The next rows of a plain product: each is a short run somewhere in memory, over before a prefetcher has noticed it.
// Into L2, for b passes through L1 in the meantime.
inline void ask_for(const Segments& a, int first, int rows) {
  for (int i = first; i < first + rows; i++)
    for (int64_t p = 0; p < a.depth; p += 16) __builtin_prefetch(a.rows[i] + a.offset + p, 0, 2);
}

}  // namespace

void micro_rows(Segments a, const float* b, int64_t b_step, float* const* c, int64_t m, int columns,
                const Finish& finish) {
  int vectors = (columns + kLanes - 1) / kLanes;
  int tail = columns - (vectors - 1) * kLanes;
  int64_t groups = (m + kTileRows - 1) / kTileRows;
  int fewest = (int)(m / most(groups, 1));
  int64_t larger = m - groups * fewest;  // the first tiles have a row more
  if (vectors < kTileVectors) a.packing = nullptr;
  int64_t wanted = a.packing ? a.packing->runs - a.packing->done : a.ahead.rows * a.ahead.lines;
  bool sums = (finish.accumulate && wanted) || a.fresh;  // where much passes through L2, they may have left it
  int64_t apart[3] = {};
  int arrays = 0;
  if (sums) apart[arrays++] = 4 * kLine;
  if (finish.last && finish.residual) apart[arrays++] = finish.residual - finish.origin + 4 * kLine;
  if (finish.last && finish.gate) apart[arrays++] = finish.gate - finish.origin + 4 * kLine;
  int log = arrays > 2 ? 2 : arrays > 1, lines = columns > 32 ? 2 : columns > 16;
  Asking asking{nullptr,          0,        lines, log, {apart[0], apart[1], apart[2], apart[0]}, a.ahead, 0, 0,
                a.depth * a.step, a.packing};
  asking.ahead.from += kLine;
  const bool asks = arrays || wanted;
  for (int64_t g = 0, done = 0; g < groups; g++) {
    int rows = fewest + (g < larger);
    int64_t next = done + 2 * rows < m ? done + 2 * rows : m;  // the end of the tile after this one
    if (a.cold) ask_for(a, rows, (int)(next - done - rows));
    int64_t from = g || (finish.asked && !sums) ? done + rows : 0, soon = next - from;
    if (asks) {
      asking.rows = c + from;
      if (soon == 0 && finish.next && !sums) {
        asking.rows = c, soon = rows;
        for (auto& bytes : asking.apart) bytes += finish.next * 4;
      }
      asking.places = arrays ? soon << lines << log : 0;
      asking.first = wanted * g / groups;
      asking.all = asking.places + wanted * (g + 1) / groups - asking.first;
      asking.each = asking.all ? most(a.count * a.depth / asking.all, 1) * a.step : a.depth * a.step;
    }
    micro_of(rows, vectors, a.packing)(a, b, b_step, c + done, finish, tail, asking);
    a.rows += rows;
    done += rows;
  }
}

}  // namespace ISA
}  // namespace fastcnn
