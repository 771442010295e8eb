// What the pooling files share: lanes of channels, rows shared out to threads, the windows of a pooling one by one.
#pragma once
#include "pool.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

// All lanes of a vector, or the first n: a tail runs the instructions of the body. past: results go past the caches.
struct AllLanes {
  bool past = false;
  vec get(const float* p) const { return load(p); }
  void put(float* p, vec v) const { ISA::put(p, v, past); }
  ivec get(const uint8_t* p) const { return load_bytes(p); }
  void put(uint8_t* p, ivec v) const { store_bytes(p, v); }
  ivec get(const int32_t* p) const { return load(p); }
  void put(int32_t* p, ivec v) const { store(p, v); }
};
struct FirstLanes {
  int n;
  vec get(const float* p) const { return load_first(p, n); }
  void put(float* p, vec v) const { store_first(p, v, n); }
  ivec get(const uint8_t* p) const {
    ivec v{};
    for (int i = 0; i < n; i++) v[i] = p[i];
    return v;
  }
  void put(uint8_t* p, ivec v) const {
    for (int i = 0; i < n; i++) p[i] = (uint8_t)v[i];
  }
  ivec get(const int32_t* p) const { return bits(load_first((const float*)p, n)); }
  void put(int32_t* p, ivec v) const { store_first((float*)p, from_bits(v), n); }
};

// f(channel, lanes) over c channels.
template <class F>
static inline void over_channels(int64_t c, F f, bool past = false) {
  int64_t ch = 0;
  for (; ch + kLanes <= c; ch += kLanes) f(ch, AllLanes{past});
  if (ch < c) f(ch, FirstLanes{(int)(c - ch)});
}

// best, at: the maximum so far and its tap. A NaN in best stays, one in v wins.
static inline void take_larger(vec& best, ivec& at, vec v, ivec tap) {
  ivec stays = (v <= best) | (best != best);
  best = select(stays, best, v);
  at = select(stays, at, tap);
}
static inline void take_larger(vec& best, ivec& at, vec v, int32_t tap) { take_larger(best, at, v, isplat(tap)); }

// The same where nobody asks which tap it was; max returns v when either is NaN. AVX-512 merges the selection into max.
static inline void take_larger(vec& best, vec v) { best = select(best == best, max(best, v), best); }

// f(begin, end) over bands of rows: large, for neighbours read the same rows; but many enough that no thread waits long
// for the last.
template <class F>
static void parallel_rows(int64_t rows, int64_t row_floats, int64_t work, F f) {
  constexpr int64_t kLeast = 1 << 14;
  int64_t floats = rows * row_floats / (16 * thread_limit());
  if (floats < kLeast) floats = kLeast;
  int64_t band = row_floats > 0 ? (floats + row_floats - 1) / row_floats : rows;
  if (band < 1) band = 1;
  parallel_for((rows + band - 1) / band, work, [&](int64_t task) {
    int64_t begin = task * band, end = begin + band;
    f(begin, end < rows ? end : rows);
  });
}

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

// The taps t of the window at `start` with 0 <= start + t * dilation < limit; an empty one begins and ends at zero.
static inline Range taps(const PoolAxis& a, int64_t start, int64_t limit) {
  int64_t last = start + (a.kernel - 1) * a.dilation;
  Range r{0, a.kernel};
  if (start < 0) r.begin = (a.dilation - 1 - start) / a.dilation;
  if (last >= limit) r.end = start >= limit ? 0 : (limit - start + a.dilation - 1) / a.dilation;
  return r.begin < r.end ? r : Range{0, 0};
}
static inline int64_t start_of(const PoolAxis& a, int64_t o) { return o * a.stride - a.before; }

// How many cells the average over window o counts: those inside, or those of the padded input as well.
static inline int64_t cells(const PoolAxis& a, int64_t o, bool count_padding) {
  int64_t start = start_of(a, o);
  if (!count_padding) return taps(a, start, a.size).size();
  int64_t limit = a.size + a.after, last = start + (a.kernel - 1) * a.dilation;
  return last < limit ? a.kernel : (limit - start + a.dilation - 1) / a.dilation;
}

// Windows that are longer than this on a side are summed in parts of it: one accumulator would lose too much.
constexpr int64_t kLongSide = 64;
static inline bool is_long(Range i, Range j) { return i.size() > kLongSide || j.size() > kLongSide; }

// The windows of an axis that lie inside the image: from begin to end.
static inline Range inside(const PoolAxis& a) {
  int64_t begin = (a.before + a.stride - 1) / a.stride, last = a.size + a.before - (a.kernel - 1) * a.dilation - 1;
  int64_t end = last < 0 ? 0 : last / a.stride + 1;
  if (end > a.out) end = a.out;
  return begin < end ? Range{begin, end} : Range{0, 0};
}

// `count` neighbours of a row of y whose windows have the same taps inside the image, (i, j): the first is y[pixel] and
// (oy, ox), its taps are x[corner + i * row_step + j * column_step], the next window's `step` floats on.
struct Neighbours {
  Range i, j;
  int64_t pixel, corner, row_step, column_step, step, oy, ox, count;
  bool whole(int side) const { return i.size() == side && j.size() == side; }
};

// f(run) for all of them: those inside their rows at once, each of the others alone.
template <class F>
static void each_window(const PoolShape& s, F f) {
  int64_t new_rows = s.h.stride < s.h.size ? s.h.stride : s.h.size;  // that an output row reads
  int64_t row_step = s.w.size * s.c, row_floats = new_rows * row_step;
  int64_t work = s.n * s.h.out * s.w.out * ((s.c + 15) / 16) * s.h.kernel * s.w.kernel;
  const Range whole = inside(s.w);
  parallel_rows(s.n * s.h.out, row_floats, work, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      int64_t oy = row % s.h.out, top = row / s.h.out * s.h.size + start_of(s.h, oy);
      Neighbours w{};
      w.i = taps(s.h, start_of(s.h, oy), s.h.size), w.oy = oy, w.pixel = row * s.w.out * s.y_pixel;
      w.row_step = s.h.dilation * row_step, w.column_step = s.w.dilation * s.c, w.step = s.w.stride * s.c;
      for (; w.ox < s.w.out; w.ox += w.count, w.pixel += w.count * s.y_pixel) {
        int64_t left = start_of(s.w, w.ox);
        w.count = w.ox == whole.begin && whole.size() > 0 ? whole.size() : 1;
        w.j = taps(s.w, left, s.w.size);
        w.corner = top * row_step + left * s.c;
        f((const Neighbours&)w);
      }
    }
    stream_fence();
  });
}

// Asks for what whole windows of K x K read first, some way along: several rows at once are much for a prefetcher to
// follow. apart: windows are two cells from each other, or more.
template <int K>
static inline __attribute__((always_inline)) void ask_ahead(const float* x, int64_t row_step, int64_t column_step,
                                                            bool apart) {
  x += kAhead + (K - 1) * (row_step + column_step);
  __builtin_prefetch(x);
  if (!apart) return;
  __builtin_prefetch(x - column_step);
  __builtin_prefetch(x - row_step);
  __builtin_prefetch(x - row_step - column_step);
}

// Whether y is stored past the caches.
static inline bool streams(const float* y, const PoolShape& s) {
  return s.y_pixel % 16 == 0 && streams(y, s.n * s.h.out * s.w.out * s.c, s.c);
}

// The side of a square window whose loops the compiler unrolls; 0 for the others.
static inline int square(const PoolShape& s) {
  return s.h.kernel != s.w.kernel || (s.h.kernel != 2 && s.h.kernel != 3) ? 0 : (int)s.h.kernel;
}

}  // namespace ISA
}  // namespace fastcnn
