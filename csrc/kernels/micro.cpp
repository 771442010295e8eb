#include "micro.h"

#include "hints.h"
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

// What a tile asks for, evenly over the steps of its sum: a core waits for a few lines at a time and forgets what it is
// asked for beyond. First rows of c, or rather of arrays that lie `apart` bytes from it, then those of `ahead`; of each
// up to kAtOnce lines at a time, for to interrupt the sum takes more instructions than to ask, and who shares the
// core with another thread has few to spare. They are counted, not listed: tiles of short sums are over in a few
// hundred cycles, and a list's stores would wait behind those of c.
constexpr int64_t kAtOnce = 4;
struct Asking {
  float* const* rows;
  int64_t places;  // 1 << arrays arrays of each row
  int arrays;
  int64_t apart[4];
  Ahead ahead;
  int64_t first, wanted;  // of the pieces of `ahead`: rows in their order, then the next lines of each
  int64_t each;           // steps between two; of micro_tile times that of a
  int64_t lines[2][3];    // of c, of `ahead`: how far the second, third and fourth line are from the first
  Packing* packing;
};

// Where a tile is in what it asks for.
struct Asked {
  int64_t place = 0, row, wanted;
  const float* from;
  explicit Asked(const Asking& a) : row(a.first), wanted(a.wanted), from(a.ahead.from) {
    if (wanted)
      for (; row >= a.ahead.rows; row -= a.ahead.rows) from += 16 * kAtOnce;
  }
  inline __attribute__((always_inline)) void ask(const Asking& a) {
    const char* line;
    const int64_t* beyond = a.lines[1];
    if (place < a.places) {
      line = (const char*)a.rows[place >> a.arrays] + a.apart[place & ((1 << a.arrays) - 1)];
      beyond = a.lines[0], place++;
    } else if (wanted) {
      line = (const char*)(from + (a.ahead.at ? a.ahead.at[row] : row * a.ahead.step));
      wanted--;
      if (++row == a.ahead.rows) row = 0, from += 16 * kAtOnce;
    } else {
      return;
    }
    __builtin_prefetch(line);
    __builtin_prefetch(line + beyond[0]);
    __builtin_prefetch(line + beyond[1]);
    __builtin_prefetch(line + beyond[2]);
  }
};

// The distances of `lines` lines, at most kAtOnce: the last one again in place of those that are not.
inline void distances(int64_t (&beyond)[3], int64_t lines) {
  for (int i = 0; i < 3; i++) beyond[i] = 64 * (lines > i + 1 ? i + 1 : lines - 1);
}

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
  // Steps of a long loop, where a and b lie as convolutions have them.
  constexpr int kSteps = MR > 4 && !kPacks && NV == kTileVectors && kLanes >= 8 ? 4 : 1;
  const int64_t together = a.step == 1 && b_step == kPanel ? kSteps : INT64_MAX;
  const float* const* rows = a.rows;
  Asked asked(asking);
  for (int64_t s = 0; s < a.count; s++, rows += a.stride) {
    const float* row[MR];
    for (int i = 0; i < MR; i++) row[i] = rows[i] + a.offset;
    for (int i = 0; i < MR && kSteps > 1; i++) forget(row[i]);
    int64_t end = a.depth * a.step;
    for (int64_t p = 0; p != end;) {
      if (kPacks && asked.place == asking.places)
        pack_run(*asking.packing);
      else if (kAsks)
        asked.ask(asking);
      const int64_t stop = kAsks && end - p > asking.each ? p + asking.each : end;
      auto add = [&](int64_t b_at, int64_t at) __attribute__((always_inline)) {
        vec column[NV];
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) column[j] = load(b + b_at + j * kLanes);
#pragma GCC unroll 6
        for (int i = 0; i < MR; i++) {
          const vec from = splat(row[i][p + at]);
#pragma GCC unroll 4
          for (int j = 0; j < NV; j++) acc[i][j] = fma(from, column[j], acc[i][j]);
          if (kSteps > 1) keep(from);
        }
#pragma GCC unroll 4
        for (int j = 0; j < NV && kSteps > 1; j++) keep(column[j]);
      };
      for (const int64_t last = stop - together; kSteps > 1 && p <= last; p += kSteps, b += kSteps * kPanel)
#pragma GCC unroll 4
        for (int i = 0; i < kSteps; i++) add(i * kPanel, i);
      for (; p != stop; p += a.step, b += b_step) add(0, 0);
    }
  }
  tile_finish<MR, NV>(acc, c, finish, tail);
}

// The same of adjacent rows, for which one address does, and of whole panels, with nothing but a sum before it.
template <int MR>
void adjacent_tile(const Segments& a, const float* b, int64_t b_step, float* const* c, const Finish& finish, int,
                   const Asking& asking) {
  constexpr int NV = kTileVectors;
  vec acc[MR][NV];
  each<MR, NV>([&](int i, int j) { acc[i][j] = zero(); });
  Asked asked(asking);
  const float* at = a.rows[0];
  const int64_t step = a.step;
  for (int64_t left = a.depth; left;) {
    asked.ask(asking);
    int64_t run = least(left, asking.each);
    left -= run;
    do {
      vec column[NV];
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) column[j] = load(b + j * kLanes);
#pragma GCC unroll 6
      for (int i = 0; i < MR; i++) {
        const vec from = splat(at[i]);
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) acc[i][j] = fma(from, column[j], acc[i][j]);
        keep(from);
      }
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) keep(column[j]);
      at += step, b += b_step;
      forget(at), forget(b);
    } while (--run);
  }
  if (finish.accumulate) each<MR, NV>([&](int i, int j) { acc[i][j] = load(c[i] + j * kLanes) + acc[i][j]; });
  each<MR, NV>([&](int i, int j) { store(c[i] + j * kLanes, acc[i][j]); });
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
  if constexpr (kTileVectors == 4) {
    if (vectors == 4) return micro_of<4>(rows);
    if (vectors == 3) return micro_of<3>(rows);
  }
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
  Ahead& ahead = a.ahead;
  if (ahead.lines == 1 && ahead.step == 16 && !ahead.at)  // one run
    ahead.rows = (ahead.rows + kAtOnce - 1) / kAtOnce, ahead.lines = kAtOnce, ahead.step *= kAtOnce;
  int64_t pieces = (ahead.lines + kAtOnce - 1) / kAtOnce;
  int64_t wanted = a.packing ? a.packing->runs - a.packing->done : ahead.rows * pieces;
  bool sums = (finish.accumulate && wanted) || a.fresh;  // where much passes through L2, they may have left it
  int64_t apart[3] = {};
  int arrays = 0;
  if (sums) apart[arrays++] = 4 * kLine;
  if (finish.last && finish.residual) apart[arrays++] = finish.residual - finish.origin + 4 * kLine;
  if (finish.last && finish.gate) apart[arrays++] = finish.gate - finish.origin + 4 * kLine;
  int log = arrays > 2 ? 2 : arrays > 1;
  Asking asking{nullptr,          0,  log,      {apart[0], apart[1], apart[2], apart[0]}, ahead, 0, 0,
                a.depth * a.step, {}, a.packing};
  asking.ahead.from += kLine;
  distances(asking.lines[0], columns > 32 ? 4 : columns > 16 ? 2 : 1);
  distances(asking.lines[1], pieces > 1 || ahead.lines < 1 ? kAtOnce : ahead.lines);
  const bool asks = arrays || wanted;
  const bool simple = kLanes >= 8 && a.adjacent && columns == kPanel && fewest >= kTileRows - 1;
  for (int64_t g = 0, done = 0, reached = 0; g < groups; g++) {
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
      asking.places = arrays ? soon << log : 0;
      asking.first = reached, reached = wanted * (g + 1) / groups;
      int64_t share = reached - asking.first, all = asking.places + share;
      asking.wanted = a.packing ? 0 : share;
      int64_t steps = all ? most(a.count * a.depth / all, 1) : a.depth;
      asking.each = simple ? steps : steps * a.step;
    }
    MicroTile tile = micro_of(rows, vectors, a.packing);
    if (simple) tile = rows == kTileRows ? adjacent_tile<kTileRows> : adjacent_tile<kTileRows - 1>;
    tile(a, b, b_step, c + done, finish, tail, asking);
    a.rows += rows;
    done += rows;
  }
}

}  // namespace ISA
}  // namespace fastcnn
