#include "micro.h"

#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

// What lies in an array of the result's shape where c lies in the result.
inline const float* beside(const char* array, const Finish& f, const float* c) {
  return (const float*)(array + ((const char*)c - f.origin));
}

constexpr int kRowLines = kPanel > 16 ? kPanel / 16 : 1;  // cache lines of a panel's row

// What a tile asks for: one line at a time, at every 2^slow of the steps of its sum. A core waits for a
// few lines at a time and forgets what it is asked for beyond. First come lines of rows of c, or rather of arrays that
// lie `apart` bytes from it. They are not listed, for tiles of short sums are over in a few hundred cycles, and the
// list's stores would wait behind those of c; and they are asked for at each step between, for what c misses itself
// drives some out. Then come the lines of a list, each once.
struct Asking {
  float* const* rows;
  int64_t places;  // kRowLines for each of 2^arrays arrays of each row
  int arrays;
  int64_t apart[4];
  const float* const* lines;
  int64_t all;  // places and lines
  int slow = 0;
  void pace(int64_t steps) {
    while (all && steps >> (slow + 1) >= all) slow++;
  }
  // A branch, for places are few: a long sum goes through its list with a load or two at each step.
  const void* at(int64_t step, const void* hot) const {
    int64_t i = step >> slow;
    if (__builtin_expect(i >= places, 1)) return all > places ? lines[(i < all ? i : all - 1) - places] : hot;
    const float* row = rows[i / kRowLines >> arrays] + i % kRowLines * 16;
    return (const char*)row + apart[i / kRowLines & ((1 << arrays) - 1)];
  }
};

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

template <int MR, int NV, bool kAsks = false>
void micro_tile(const Segments& a, const float* b, int64_t b_step, float* const* c, const Finish& finish, int tail,
                const Asking* asking) {
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
      if constexpr (kAsks) __builtin_prefetch(asking->at(asked++, b));
      each<MR, NV>([&](int i, int j) { acc[i][j] = fma(splat(row[i][p]), column[j], acc[i][j]); });
    }
  }
  tile_finish<MR, NV>(acc, c, finish, tail);
}

typedef void (*MicroTile)(const Segments&, const float*, int64_t, float* const*, const Finish&, int, const Asking*);

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

// What comes ahead while one tile is computed.
struct LinesOfTile {
  static constexpr int kMost = 512;
  const float* at[kMost];
  int64_t count = 0, row = 0, line = 0;
  // Nothing else is done meanwhile: vectors of addresses at a time.
  void next(const Ahead& ahead, int64_t lines) {
    const int64_t all = lines < kMost ? lines : kMost;
    for (count = 0; count < all;) {
      int64_t run = ahead.rows - row < all - count ? ahead.rows - row : all - count;
      const float *from = ahead.from + line * 16, **to = at + count;
      if (ahead.at)
        for (int64_t i = 0; i < run; i++) to[i] = from + ahead.at[row + i];
      else
        for (int64_t i = 0; i < run; i++) to[i] = from + (row + i) * ahead.step;
      count += run, row += run;
      if (row == ahead.rows) row = 0, line++;
    }
  }
};

}  // namespace

void micro_rows(Segments a, const float* b, int64_t b_step, float* const* c, int64_t m, int columns,
                const Finish& finish) {
  int vectors = (columns + kLanes - 1) / kLanes;
  int tail = columns - (vectors - 1) * kLanes;
  int64_t groups = (m + kTileRows - 1) / kTileRows;
  int fewest = (int)(m / most(groups, 1));
  int64_t larger = m - groups * fewest;  // the first tiles have a row more
  int64_t wanted = a.ahead.rows * a.ahead.lines;
  bool sums = (finish.accumulate && wanted) || a.fresh;  // where much passes through L2, they may have left it
  int64_t apart[3] = {};
  int arrays = 0;
  if (sums) apart[arrays++] = 0;
  if (finish.last && finish.residual) apart[arrays++] = finish.residual - finish.origin;
  if (finish.last && finish.gate) apart[arrays++] = finish.gate - finish.origin;
  LinesOfTile ahead;
  for (int64_t g = 0, done = 0; g < groups; g++) {
    int rows = fewest + (g < larger);
    int64_t next = done + 2 * rows < m ? done + 2 * rows : m;  // the end of the tile after this one
    if (a.cold) ask_for(a, rows, (int)(next - done - rows));
    int64_t from = g || (finish.asked && !sums) ? done + rows : 0, soon = next - from, further = 0;
    if (soon == 0 && finish.next && !sums) from = 0, soon = rows, further = finish.next * 4;
    MicroTile tile = wanted || arrays ? micro_asking(rows, vectors) : nullptr;
    if (tile) {
      ahead.next(a.ahead, wanted * (g + 1) / groups - wanted * g / groups);
      int log = arrays > 2 ? 2 : arrays > 1;
      int64_t places = arrays ? soon * kRowLines << log : 0;
      Asking asking{c + (places ? from : 0),
                    places,
                    log,
                    {apart[0] + further, apart[1] + further, apart[2] + further, apart[0] + further},
                    ahead.at,
                    places + ahead.count};
      asking.pace(a.count * a.depth);
      tile(a, b, b_step, c + done, finish, tail, &asking);
    } else {
      for (int64_t i = from; i < from + soon; i++)
        for (int k = 0; k < arrays; k++)
          for (int j = 0; j < columns; j += 16) __builtin_prefetch((const char*)(c[i] + j) + apart[k] + further);
      micro_of(rows, vectors)(a, b, b_step, c + done, finish, tail, nullptr);
    }
    a.rows += rows;
    done += rows;
  }
}

}  // namespace ISA
}  // namespace fastcnn
