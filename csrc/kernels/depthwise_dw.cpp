// dw[ky, kx, q] = sum over n, i, j of x[n, i * stride + ky * dilation - top, ..., q / m] * dy[n, i, j, q];  db[q] = sum
// of dy[q]
//
// Channels are the vector. A leaf of some 64 pixels is summed in registers for up to 3 x 3 taps at once, so x and dy
// come from the first-level cache for every tap but the first. Leaves are added up within chunks, chunks in blocks:
// their bounds depend on the shape alone, so no thread changes a bit, and no chain of additions is long.
#include "depthwise_leaf.h"
#include "depthwise_lines.h"
#include "depthwise_parts.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLeafPixels = 64;
constexpr int64_t kLeastChunks = 16, kMostChunks = 1024, kChunkLeaves = 128;
constexpr int64_t kChunkBlock = 32;
constexpr int kTaps = 3;                          // of a tile, either way
constexpr int kTapRows = kLanes < 8 ? 1 : kTaps;  // code for more would be read by CPUs from before 2013 alone

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

// R x T taps over pixels of one row: where tap (0, 0) reads, and the distances between taps and between pixels.
struct Run {
  const float *x, *dy;
  int64_t pixels, x_row, x_column, x_pixel, dy_pixel;
};

template <int R, int T, bool Repeated, bool Full>
inline __attribute__((always_inline)) void add_run(vec* sum, const Run& run, int lanes, const Repeat& spread) {
  const float *x = run.x, *dy = run.dy;
  for (int64_t pixel = 0; pixel < run.pixels; pixel++, x += run.x_pixel, dy += run.dy_pixel) {
    vec g = load_lanes<Full>(dy, lanes);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++)
#pragma GCC unroll 4
      for (int t = 0; t < T; t++) {
        const float* at = x + r * run.x_row + t * run.x_column;
        sum[r * T + t] = fma(Repeated ? load_repeated(at, spread) : load_lanes<Full>(at, lanes), g, sum[r * T + t]);
      }
  }
}

// One leaf for one vector of channels and R x T taps from (ky, kx) on. Pixels of columns that some tap does not see
// are added one by one.
template <int R, int T, bool Repeated, bool Full>
void add_leaf(float* dw, const float* x, const float* dy, const Depthwise2d& d, Range rows, Range columns, int64_t ky,
              int64_t kx, int64_t q, int lanes, bool first) {
  const int64_t filter_c = d.c * d.m, left = kx * d.dilation_w - d.left;
  Repeat spread{};
  if (Repeated) spread = repeat(q, lanes, d.m);
  x += Repeated ? spread.first : q, dy += q;
  vec sum[R * T];
#pragma GCC unroll 16
  for (int tap = 0; tap < R * T; tap++) sum[tap] = zero();

  Range each[T];
  Range inner = columns;
  for (int t = 0; t < T; t++) {
    each[t] = seen(left + t * d.dilation_w, d.stride_w, d.w, columns);
    inner = {most(inner.begin, each[t].begin), least(inner.end, each[t].end)};
  }
  inner.end = most(inner.begin, inner.end);
  Run run{};
  run.x_row = spacing(R, d.dilation_h, d.w * d.c), run.x_column = spacing(T, d.dilation_w, d.c);
  run.x_pixel = spacing(d.ow, d.stride_w, d.c), run.dy_pixel = filter_c;

  int64_t image = rows.begin / d.oh, i = rows.begin % d.oh;
  for (int64_t row = rows.begin; row < rows.end; row++) {
    int64_t y = i * d.stride_h + ky * d.dilation_h - d.top;  // of tap row 0
    const float* g = dy + row * d.ow * filter_c;
    bool whole = true, inside[R];
    for (int r = 0; r < R; r++) {
      inside[r] = y + r * d.dilation_h >= 0 && y + r * d.dilation_h < d.h;
      whole = whole && inside[r];
    }
    // Tap (r, 0)'s float at output pixel j.
    auto at = [&](int64_t r, int64_t t, int64_t j) {
      return x + ((image * d.h + y + r * d.dilation_h) * d.w + j * d.stride_w + left + t * d.dilation_w) * d.c;
    };
    // Every tap adds its pixels in their order, as it would if zeros lay around.
    for (int64_t j = columns.begin; j < columns.end;) {
      if (j == inner.begin && inner.begin < inner.end) {
        run.dy = g + j * filter_c, run.pixels = inner.end - inner.begin;
        if (whole) {
          run.x = at(0, 0, j);
          add_run<R, T, Repeated, Full>(sum, run, lanes, spread);
        } else {
#pragma GCC unroll 4
          for (int r = 0; r < R; r++) {
            if (!inside[r]) continue;
            run.x = at(r, 0, j);
            add_run<1, T, Repeated, Full>(sum + r * T, run, lanes, spread);
          }
        }
        j = inner.end;
        continue;
      }
      vec v = load_lanes<Full>(g + j * filter_c, lanes);
#pragma GCC unroll 4
      for (int t = 0; t < T; t++) {
        if (j < each[t].begin || j >= each[t].end) continue;
#pragma GCC unroll 4
        for (int r = 0; r < R; r++) {
          if (!inside[r]) continue;
          const float* cell = at(r, t, j);
          vec u = Repeated ? load_repeated(cell, spread) : load_lanes<Full>(cell, lanes);
          sum[r * T + t] = fma(u, v, sum[r * T + t]);
        }
      }
      j++;
    }
    if (++i == d.oh) i = 0, image++;
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 4
    for (int t = 0; t < T; t++) {
      float* to = dw + ((ky + r) * d.kw + kx + t) * filter_c + q;
      vec before = first ? zero() : load_lanes<Full>(to, lanes);
      store_lanes<Full>(to, before + sum[r * T + t], lanes);
    }
}

using AddLeaf = decltype(&add_leaf<1, 1, false, true>);

template <bool Repeated, bool Full>
AddLeaf choose(int64_t r, int64_t t) {
  constexpr int two = kTapRows < 2 ? 1 : 2, three = kTapRows;  // where tiles have one row, the others are not asked for
  constexpr AddLeaf tiles[kTaps][kTaps] = {
      {add_leaf<1, 1, Repeated, Full>, add_leaf<1, 2, Repeated, Full>, add_leaf<1, 3, Repeated, Full>},
      {add_leaf<two, 1, Repeated, Full>, add_leaf<two, 2, Repeated, Full>, add_leaf<two, 3, Repeated, Full>},
      {add_leaf<three, 1, Repeated, Full>, add_leaf<three, 2, Repeated, Full>, add_leaf<three, 3, Repeated, Full>}};
  return tiles[r - 1][t - 1];
}

// All taps of one vector of channels, in tiles of nearly equal size.
template <bool Repeated, bool Full>
void add_taps(float* dw, const float* x, const float* dy, const Depthwise2d& d, Range rows, Range columns, int64_t q,
              int lanes, bool first) {
  int64_t down = round_up(d.kh, kTapRows), across = round_up(d.kw, kTaps);
  for (int64_t a = 0; a < down; a++)
    for (int64_t b = 0; b < across; b++) {
      int64_t ky = d.kh * a / down, kx = d.kw * b / across;
      AddLeaf add = choose<Repeated, Full>(d.kh * (a + 1) / down - ky, d.kw * (b + 1) / across - kx);
      add(dw, x, dy, d, rows, columns, ky, kx, q, lanes, first);
    }
}

template <bool Repeated>
void all(float* partial, const float* x, const float* dy, const Depthwise2d& d) {
  const Leaves leaves(d.n * d.oh, d.ow);
  const int64_t filter_c = d.c * d.m, size = d.kh * d.kw * filter_c, blocks = round_up(filter_c, kLeafChannels);
  const bool is_3x3 = !Repeated && is_3x3_dw(d);
  double work = (double)d.n * d.oh * d.ow * round_up(filter_c, kWide) * least(d.kh * d.kw, 64);
  parallel_for(leaves.chunks * blocks, (int64_t)(work < 1e15 ? work : 1e15), [&](int64_t task) {
    int64_t chunk = task / blocks, begin = task % blocks * kLeafChannels, end = least(begin + kLeafChannels, filter_c);
    int64_t leaf = leaves.count * chunk / leaves.chunks, last = leaves.count * (chunk + 1) / leaves.chunks;
    float* dw = partial + chunk * size;
    bool first = true;
    for (; leaf < last; leaf++, first = false) {
      int64_t row = leaf / leaves.across * leaves.rows, column = leaf % leaves.across * leaves.columns;
      Range rows{row, least(row + leaves.rows, d.n * d.oh)}, columns{column, least(column + leaves.columns, d.ow)};
      int64_t q = begin;
      if (is_3x3) {
        add_leaf_3x3(dw, x, dy, d, rows, columns, {begin, end}, first);
        continue;
      }
      if constexpr (!Repeated)  // whose x is read in part all the same
        for (; q + kLanes <= end; q += kLanes) add_taps<Repeated, true>(dw, x, dy, d, rows, columns, q, kLanes, first);
      for (; q < end; q += kLanes)
        add_taps<Repeated, false>(dw, x, dy, d, rows, columns, q, (int)least(kLanes, end - q), first);
    }
  });
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

}  // namespace

size_t depthwise_dw_bytes(const Depthwise2d& d) {
  int64_t chunks = Leaves(d.n * d.oh, d.ow).chunks;
  return chunks > 1 ? (size_t)(chunks * d.kh * d.kw * d.c * d.m) * sizeof(float) : 0;
}

void depthwise_dw(float* dw, const float* x, const float* dy, const Depthwise2d& d, char* workspace) {
  int64_t chunks = Leaves(d.n * d.oh, d.ow).chunks, size = d.kh * d.kw * d.c * d.m;
  float* partial = chunks > 1 ? (float*)workspace : dw;
  d.m == 1 ? all<false>(partial, x, dy, d) : all<true>(partial, x, dy, d);
  if (chunks > 1) add_chunks(dw, partial, chunks, size);
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
