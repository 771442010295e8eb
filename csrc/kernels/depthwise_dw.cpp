// dw[ky, kx, q] = sum over n, i, j of x[n, i * stride + ky * dilation - top, ..., q / m] * dy[n, i, j, q];  db[q] = sum
// of dy[q]
//
// Channels are the vector. A leaf of some 64 pixels is summed in registers, for as many taps at once as there are:
// neighbouring taps of wide windows share what they read of x, others read it from the first-level cache. A vector's
// leaves follow one another, so that a row of x is still there for the next row of dy. Leaves are added up within
// chunks, chunks in blocks: their bounds depend on the shape alone, so no thread changes a bit, and no chain of
// additions is long. Where x and dy fit the caches, a task is a line of every pixel, and adds up its chunks itself.
#include "depthwise_leaf.h"
#include "depthwise_lines.h"
#include "depthwise_parts.h"
#include "hints.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLeafPixels = 64;
constexpr int64_t kLeastChunks = 16, kMostChunks = 1024, kChunkLeaves = 128;
constexpr int64_t kChunkBlock = 32;
constexpr int64_t kBlockChannels = 64;                        // of a task
constexpr int64_t kGroupFloats = 64 << 10;                    // of x and dy that a task walks along for each vector
constexpr int64_t kCachedFloats = 1 << 20, kEnoughLines = 8;  // for a task to be a line of every pixel
constexpr bool kWindows = kLanes >= 8 || kRegisters == 32;    // code for others would be read by CPUs from before 2013
constexpr bool kMasked = kLanes == 16;                        // masks cost nothing: whole vectors are no other case

// Leaf l is a group of output rows, counted over all images, times a segment of columns.
struct Leaves {
  int64_t rows, columns, across, count, chunks;
  Leaves(int64_t all_rows, int64_t width) {
    columns = most(1, least(width, kLeafPixels));
    rows = kLeafPixels / columns;
    across = round_up(width, columns);
    count = round_up(all_rows, rows) * across;
    chunks = least(count, least(most(kLeastChunks, round_up(count, kChunkLeaves)), kMostChunks));
  }
};

// The output pixels [begin, end) for which source cell offset + pixel * stride lies in [0, source).
Range seen(int64_t offset, int64_t stride, int64_t source, Range within) {
  int64_t begin = offset >= 0 ? 0 : round_up(-offset, stride);
  int64_t end = offset >= source ? 0 : (source - 1 - offset) / stride + 1;
  begin = most(within.begin, least(begin, within.end));
  return {begin, most(begin, least(within.end, end))};
}

// Rows of taps whose sums fit the registers: beside a vector of x and a pixel of dy for each tap of a row; beside one
// pixel, where x is an operand in memory.
constexpr int window_rows(int taps) { return (kRegisters - taps - 1) / taps; }
constexpr int plain_rows(int taps) { return taps == 1 ? 7 : kRegisters == 32 ? 5 : 4; }

// One leaf for one vector of channels and T neighbouring taps of up to R rows from (ky, kx) on, at stride S: the pixels
// of dy that a column of x meets move along the row in registers, each vector of x is loaded once for all of them. A
// walk reads one line of each pixel, which no prefetcher follows: so it asks for what it will read one row later.
template <int T, int S, bool Full>
void slide(float* dw, const float* x, const float* dy, const Depthwise2d& d, Range rows, Range columns, int64_t ky,
           int64_t taps, int64_t kx, int64_t q, int lanes, bool first) {
  constexpr int R = window_rows(T), K = (T + S - 1) / S;
  const int64_t c = d.c, x_row = d.w * c, width = d.w, left = kx - d.left;
  vec sum[R * T], g[K] = {};
#pragma GCC unroll 32
  for (int tap = 0; tap < R * T; tap++) sum[tap] = zero();

  const int64_t begin = columns.begin, end = columns.end, steps = end + K - 1;
  // Steps whose columns all exist, and meet K pixels.
  const int64_t inner = most(begin + K - 1, left < 0 ? round_up(-left, S) : 0);
  const int64_t inner_end = least(end, width - left >= S ? (width - left - S) / S + 1 : 0);
  const bool ask = ky + taps == d.kh && q % kWide == 0;
  const float* g_row = dy + (rows.begin * d.ow + begin) * c + q;
  int64_t image = rows.begin / d.oh, i = rows.begin % d.oh;
  for (int64_t row = rows.begin; row < rows.end; row++, g_row += d.ow * c) {
    const int64_t y = i * S + ky - d.top;  // of tap row 0
    unsigned exist = 0;
    for (int r = 0; r < taps; r++) exist |= (unsigned)(y + r >= 0 && y + r < d.h) << r;
    const float* at = x + ((image * d.h + y) * width + begin * S + left) * c + q;
    const float* next = g_row;
    unsigned known = 0;
    auto step = [&](int64_t j, bool inside) __attribute__((always_inline)) {
#pragma GCC unroll 8
      for (int k = K - 1; k > 0; k--) g[k] = g[k - 1];
      known = known << 1 | (j < end);
      if (inside || j < end) g[0] = load_lanes<Full>(next, lanes);
      if (ask) {
        __builtin_prefetch(next + d.ow * c);
#pragma GCC unroll 2
        for (int r = 0; r < S; r++)
#pragma GCC unroll 2
          for (int s = 0; s < S; s++) __builtin_prefetch(at + (taps + r) * x_row + s * c);
      }
      next += c;
#pragma GCC unroll 2
      for (int s = 0; s < S; s++, at += c) {
        if (!inside && (uint64_t)(j * S + s + left) >= (uint64_t)width) continue;
        const float* from = at;
        forget(exist);
#pragma GCC unroll 8
        for (int r = 0; r < R; r++, from += x_row, forget(from)) {
          if (!(exist >> r & 1)) continue;
          const vec v = load_lanes<Full>(from, lanes);
#pragma GCC unroll 8
          for (int k = 0; k < K; k++)
            if (int t = s + S * k; t < T && (inside || known >> k & 1)) sum[r * T + t] = fma(v, g[k], sum[r * T + t]);
        }
      }
    };
    for (int64_t j = begin; j < steps;) {
      if (j >= inner && j < inner_end) {
#pragma GCC unroll 1
        for (; j < inner_end; j++) step(j, true);
        known = ~0u;
      }
      if (j < steps) step(j, false), j++;
    }
    if (++i == d.oh) i = 0, image++;
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    if (r >= taps) break;
#pragma GCC unroll 8
    for (int t = 0; t < T; t++) {
      float* to = dw + ((ky + r) * d.kw + kx + t) * c + q;
      vec before = first ? zero() : load_lanes<Full>(to, lanes);
      store_lanes<Full>(to, before + sum[r * T + t], lanes);
    }
  }
}

// The same for taps and pixels at any distances.
template <int T, bool Repeated, bool Full>
void add_leaf(float* dw, const float* x, const float* dy, const Depthwise2d& d, Range rows, Range columns, int64_t ky,
              int64_t taps, int64_t kx, int64_t q, int lanes, bool first) {
  constexpr int R = plain_rows(T);
  const int64_t filter_c = d.c * d.m, left = kx * d.dilation_w - d.left;
  Repeat spread{};
  if (Repeated) spread = repeat(q, lanes, d.m);
  x += Repeated ? spread.first : q, dy += q;
  vec sum[R * T];
#pragma GCC unroll 32
  for (int tap = 0; tap < R * T; tap++) sum[tap] = zero();

  Range each[T];
  Range inner = columns;
  for (int t = 0; t < T; t++) {
    each[t] = seen(left + t * d.dilation_w, d.stride_w, d.w, columns);
    inner = {most(inner.begin, each[t].begin), least(inner.end, each[t].end)};
  }
  inner.end = most(inner.begin, inner.end);
  const int64_t x_row = spacing(d.kh, d.dilation_h, d.w * d.c), x_column = spacing(d.kw, d.dilation_w, d.c);
  const int64_t x_pixel = spacing(d.ow, d.stride_w, d.c);

  int64_t image = rows.begin / d.oh, i = rows.begin % d.oh;
  for (int64_t row = rows.begin; row < rows.end; row++) {
    const int64_t y = i * d.stride_h + ky * d.dilation_h - d.top;  // of tap row 0
    unsigned exist = 0;
    for (int r = 0; r < taps; r++) exist |= (unsigned)(y + r * d.dilation_h >= 0 && y + r * d.dilation_h < d.h) << r;
    const float* at = x + ((image * d.h + y) * d.w + columns.begin * d.stride_w + left) * d.c;
    const float* g = dy + (row * d.ow + columns.begin) * filter_c;
    auto pixel = [&](unsigned across) __attribute__((always_inline)) {
      const vec v = load_lanes<Full>(g, lanes);
      const float* from = at;
#pragma GCC unroll 8
      for (int r = 0; r < R; r++, from += x_row, forget(from)) {
        if (!(exist >> r & 1)) continue;
#pragma GCC unroll 8
        for (int t = 0; t < T; t++) {
          if (!(across >> t & 1)) continue;
          const float* cell = from + t * x_column;
          const vec u = Repeated ? load_repeated(cell, spread) : load_lanes<Full>(cell, lanes);
          sum[r * T + t] = fma(u, v, sum[r * T + t]);
        }
      }
      at += x_pixel, g += filter_c;
    };
    for (int64_t j = columns.begin; j < columns.end;) {
      for (; j >= inner.begin && j < inner.end; j++) pixel(~0u);
      if (j == columns.end) break;
      unsigned across = 0;
#pragma GCC unroll 8
      for (int t = 0; t < T; t++) across |= (unsigned)(j >= each[t].begin && j < each[t].end) << t;
      pixel(across), j++;
    }
    if (++i == d.oh) i = 0, image++;
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; r++) {
    if (r >= taps) break;
#pragma GCC unroll 8
    for (int t = 0; t < T; t++) {
      float* to = dw + ((ky + r) * d.kw + kx + t) * filter_c + q;
      vec before = first ? zero() : load_lanes<Full>(to, lanes);
      store_lanes<Full>(to, before + sum[r * T + t], lanes);
    }
  }
}

// All taps of one vector of channels, in as few tiles as the registers allow.
template <bool Repeated, bool Full>
void add_taps(float* dw, const float* x, const float* dy, const Depthwise2d& d, Range rows, Range columns, int64_t q,
              int lanes, bool first) {
  const bool one = d.stride_w == 1;
  const bool windows =
      d.m == 1 && d.dilation_h == 1 && d.dilation_w == 1 && d.stride_h == d.stride_w && d.stride_w <= 2;
  for (int64_t kx = 0; kx < d.kw;) {
    auto add = [&](auto add_leaf, int64_t most_rows, int64_t taps) {
      const int64_t tiles = round_up(d.kh, most_rows);
      for (int64_t a = 0; a < tiles; a++) {
        const int64_t ky = d.kh * a / tiles;
        add_leaf(dw, x, dy, d, rows, columns, ky, d.kh * (a + 1) / tiles - ky, kx, q, lanes, first);
      }
      kx += taps;
    };
    const int64_t left = d.kw - kx;
    if constexpr (!Repeated && kWindows && (Full || kMasked))
      if (windows && left >= 5) {
        if (left >= 7)
          add(one ? slide<7, 1, Full> : slide<7, 2, Full>, window_rows(7), 7);
        else
          add(one ? slide<5, 1, Full> : slide<5, 2, Full>, window_rows(5), 5);
        continue;
      }
    if (left >= 3)
      add(add_leaf<3, Repeated, Full>, plain_rows(3), 3);
    else
      add(add_leaf<1, Repeated, Full>, plain_rows(1), 1);
  }
}

// result[i] = the chunks' partial[i], added in order, in blocks.
void add_chunks(float* result, const float* partial, int64_t chunks, int64_t size) {
  parallel_ranges(size, 1024, chunks * round_up(size, kWide), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      int lanes = (int)least(kLanes, end - i);
      vec total = zero();
      for (int64_t block = 0; block < chunks; block += kChunkBlock) {
        vec sum = zero();
        for (int64_t c = block; c < least(block + kChunkBlock, chunks); c++)
          sum += load_first(partial + c * size + i, lanes);
        total += sum;
      }
      store_first(result + i, total, lanes);
    }
  });
}

// to[tap] (+)= from[tap], of one vector.
void add_vector(float* to, const float* from, int64_t taps, int64_t filter_c, int64_t q, int lanes, bool first) {
  for (int64_t i = q; i < taps * filter_c; i += filter_c)
    store_first(to + i, (first ? zero() : load_first(to + i, lanes)) + load_first(from + i, lanes), lanes);
}

template <bool Repeated>
void all(float* dw, float* partial, const float* x, const float* dy, const Depthwise2d& d) {
  const Leaves leaves(d.n * d.oh, d.ow);
  const int64_t filter_c = d.c * d.m, taps = d.kh * d.kw, size = taps * filter_c;
  const double cost = (double)d.n * d.oh * d.ow * round_up(filter_c, kWide) * least(taps, 64);
  const int64_t work = (int64_t)(cost < 1e15 ? cost : 1e15);
  const bool is_3x3 = !Repeated && is_3x3_dw(d);

  auto rows_of = [&](int64_t leaf) {
    const int64_t row = leaf / leaves.across * leaves.rows;
    return Range{row, least(row + leaves.rows, d.n * d.oh)};
  };
  auto columns_of = [&](int64_t leaf) {
    const int64_t column = leaf % leaves.across * leaves.columns;
    return Range{column, least(column + leaves.columns, d.ow)};
  };
  auto first_of = [&](int64_t chunk) { return leaves.count * chunk / leaves.chunks; };
  auto add_leaves = [&](float* to, int64_t begin, int64_t end, int64_t q, int64_t end_q, bool first) {
    const int lanes = (int)least(kLanes, end_q - q);
    for (int64_t leaf = begin; leaf < end; leaf++, first = false) {
      const Range rows = rows_of(leaf), columns = columns_of(leaf);
      if (!Repeated && !kMasked && lanes == kLanes)
        add_taps<false, !kMasked>(to, x, dy, d, rows, columns, q, lanes, first);
      else
        add_taps<Repeated, false>(to, x, dy, d, rows, columns, q, lanes, first);
    }
  };

  const int64_t lines = round_up(filter_c, kWide), floats = d.n * (d.h * d.w * d.c + d.oh * d.ow * filter_c);
  if (!is_3x3 && leaves.chunks <= kChunkBlock && lines >= kEnoughLines && floats <= kCachedFloats) {
    const bool apart = leaves.chunks > 1 && leaves.chunks < leaves.count;
    parallel_for(lines, work, [&](int64_t line) {
      const int64_t end = least((line + 1) * kWide, filter_c);
      for (int64_t q = line * kWide; q < end; q += kLanes) {
        if (!apart) {
          add_leaves(dw, 0, leaves.count, q, end, true);
          continue;
        }
        for (int64_t chunk = 0; chunk < leaves.chunks; chunk++) {
          add_leaves(partial, first_of(chunk), first_of(chunk + 1), q, end, true);
          add_vector(dw, partial, taps, filter_c, q, (int)least(kLanes, end - q), chunk == 0);
        }
      }
    });
    return;
  }

  if (leaves.chunks == 1) partial = dw;
  const int64_t width = is_3x3 ? kLeafChannels : kBlockChannels, blocks = round_up(filter_c, width);
  const int64_t group = most(
      1, kGroupFloats / (kLeafPixels * (1 + least(d.stride_h, 3) * least(d.stride_w, 3)) * least(filter_c, width)));
  parallel_for(leaves.chunks * blocks, work, [&](int64_t task) {
    const int64_t chunk = task / blocks, begin = task % blocks * width;
    const int64_t end = least(begin + width, filter_c), last = first_of(chunk + 1);
    float* sums = partial + chunk * size;
    for (int64_t leaf = first_of(chunk); leaf < last && is_3x3; leaf++)
      add_leaf_3x3(sums, x, dy, d, rows_of(leaf), columns_of(leaf), {begin, end}, leaf == first_of(chunk));
    for (int64_t leaf = first_of(chunk); leaf < last && !is_3x3; leaf += group)
      for (int64_t q = begin; q < end; q += kLanes)
        add_leaves(sums, leaf, least(leaf + group, last), q, end, leaf == first_of(chunk));
  });
  if (leaves.chunks > 1) add_chunks(dw, partial, leaves.chunks, size);
}

}  // namespace

size_t depthwise_dw_bytes(const Depthwise2d& d) {
  int64_t chunks = Leaves(d.n * d.oh, d.ow).chunks;
  return chunks > 1 ? (size_t)(chunks * d.kh * d.kw * d.c * d.m) * sizeof(float) : 0;
}

void depthwise_dw(float* dw, const float* x, const float* dy, const Depthwise2d& d, char* workspace) {
  d.m == 1 ? all<false>(dw, (float*)workspace, x, dy, d) : all<true>(dw, (float*)workspace, x, dy, d);
}

size_t depthwise_db_bytes(int64_t pixels, int64_t c) {
  int64_t chunks = Leaves(pixels, 1).chunks;
  return chunks > 1 ? (size_t)(chunks * c) * sizeof(float) : 0;
}

void depthwise_db(float* db, const float* dy, int64_t pixels, int64_t c, char* workspace) {
  const Leaves leaves(pixels, 1);
  float* partial = leaves.chunks > 1 ? (float*)workspace : db;
  parallel_for(leaves.chunks, pixels * round_up(c, kWide), [&](int64_t chunk) {
    int64_t leaf = leaves.count * chunk / leaves.chunks, last = leaves.count * (chunk + 1) / leaves.chunks;
    float* to = partial + chunk * c;
    bool first = true;
    for (; leaf < last; leaf++, first = false) {
      int64_t begin = leaf * leaves.rows, end = least(begin + leaves.rows, pixels);
      for (int64_t q = 0; q < c; q += kLanes) {
        int lanes = (int)least(kLanes, c - q);
        vec sum = zero();
        for (int64_t pixel = begin; pixel < end; pixel++) sum += load_first(dy + pixel * c + q, lanes);
        store_first(to + q, (first ? zero() : load_first(to + q, lanes)) + sum, lanes);
      }
    }
  });
  if (leaves.chunks > 1) add_chunks(db, partial, leaves.chunks, c);
}

}  // namespace ISA
}  // namespace fastcnn
