// The weight gradient where groups have 2, 4 or 8 channels, as many in x as in the result.
//
//   dw[tap, i, q] = sum over pixels of x[pixel + tap, i of q's group] * dy[pixel, q]
//
// Channels of the result are the vector; a shuffle brings x's channel i below each of its group. The sums of some taps
// of a row stay in registers for a leaf of some 256 pixels; leaves are added up within chunks, chunks one after the
// other. Their bounds depend on the shape alone.
#include "conv_parts.h"
#include "depthwise_lines.h"
#include "depthwise_parts.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLeafPixels = 256;
constexpr int64_t kChannels = 64;                      // of a task
constexpr int64_t kMostChunks = 64, kPartials = 4096;  // chunks times channels

struct Chunks {
  int64_t rows, leaves, count;  // a leaf's rows of the result, counted over all images
};
Chunks chunks_of(const Conv2d& g) {
  int64_t rows = most(1, kLeafPixels / g.ow), leaves = ceil_div(g.n * g.oh, rows);
  return {rows, leaves, least(leaves, least(kMostChunks, most(4, kPartials / g.k)))};
}

// One leaf for one vector of channels and T neighbouring taps, from (ky, kx) on.
template <int Channels, int T>
void add_leaf(float* dw, const float* x, const float* dy, const Conv2d& g, Range rows, int64_t ky, int64_t kx,
              int64_t q, bool first) {
  const int lanes = (int)least(kLanes, g.k - q);
  ivec own[Channels];  // of a vector of x, channel i of each lane's group
#pragma GCC unroll 8
  for (int i = 0; i < Channels; i++) own[i] = (lane_numbers() & -Channels) + i;
  vec sum[T * Channels];
#pragma GCC unroll 32
  for (int s = 0; s < T * Channels; s++) sum[s] = zero();
  for (int64_t row = rows.begin; row < rows.end; row++) {
    int64_t y = row % g.oh * g.stride_h + ky * g.dilation_h - g.top;
    if (y < 0 || y >= g.h) continue;
    const float* from = x + (row / g.oh * g.h + y) * g.w * g.c + q / Channels * Channels;
    const float* to = dy + row * g.ow * g.k + q;
    int64_t column = kx * g.dilation_w - g.left;
    for (int64_t j = 0; j < g.ow; j++, to += g.k, column += g.stride_w) {
      const vec v = load_some(to, lanes);
#pragma GCC unroll 4
      for (int t = 0; t < T; t++) {
        const int64_t at = column + t * g.dilation_w;
        if ((uint64_t)at >= (uint64_t)g.w) continue;
        const float* pixel = from + at * g.c;
        const vec u = Channels <= kLanes ? load_some(pixel, lanes) : zero();
#pragma GCC unroll 8
        for (int i = 0; i < Channels; i++) {
          const vec w = Channels <= kLanes ? __builtin_shuffle(u, own[i]) : splat(pixel[i]);
          sum[t * Channels + i] = fma(w, v, sum[t * Channels + i]);
        }
      }
    }
  }
  float* at = dw + (ky * g.kw + kx) * Channels * g.k + q;
#pragma GCC unroll 32
  for (int s = 0; s < T * Channels; s++, at += g.k)
    store_some(at, (first ? zero() : load_some(at, lanes)) + sum[s], lanes);
}

template <int Channels>
void add_taps(float* dw, const float* x, const float* dy, const Conv2d& g, Range rows, int64_t q, bool first) {
  constexpr int T = 3 * Channels + 2 <= kRegisters ? 3 : 1;
  for (int64_t ky = 0; ky < g.kh; ky++) {
    int64_t kx = 0;
    for (; kx + T <= g.kw; kx += T) add_leaf<Channels, T>(dw, x, dy, g, rows, ky, kx, q, first);
    for (; kx < g.kw; kx++) add_leaf<Channels, 1>(dw, x, dy, g, rows, ky, kx, q, first);
  }
}

}  // namespace

bool takes_grouped_dw(const Conv2d& g) {
  int64_t cg = g.c / g.groups;
  return g.groups > 1 && g.c == g.k && (cg == 2 || cg == 4 || cg == 8);
}

size_t grouped_dw_workspace(const Conv2d& g) {
  int64_t size = align64(g.kh * g.kw * (g.c / g.groups) * g.k * 4), count = chunks_of(g).count;
  return (size_t)(count > 1 ? count * size : 0) + depthwise_db_bytes(g.n * g.oh * g.ow, g.k);
}

void grouped_sums(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace,
                  int threads) {
  const int64_t cg = g.c / g.groups, size = g.kh * g.kw * cg * g.k, stride = align64(size * 4) / 4;
  const Chunks chunks = chunks_of(g);
  const int64_t blocks = ceil_div(g.k, kChannels), pixels = g.n * g.oh * g.ow;
  if (!pixels) memset(dw, 0, (size_t)size * 4);
  float* partials = chunks.count > 1 ? (float*)workspace : dw;
  parallel_tasks(pixels * size / g.k / 16 * ceil_div(g.k, 16) < kSerialWork ? 1 : threads, chunks.count * blocks,
                 [&](int64_t task, int) {
                   int64_t chunk = task / blocks, begin = task % blocks * kChannels;
                   int64_t leaf = chunks.leaves * chunk / chunks.count;
                   const int64_t last = chunks.leaves * (chunk + 1) / chunks.count;
                   float* to = partials + chunk * stride;
                   for (bool first = true; leaf < last; leaf++, first = false) {
                     Range rows{leaf * chunks.rows, least((leaf + 1) * chunks.rows, g.n * g.oh)};
                     for (int64_t q = begin; q < least(begin + kChannels, g.k); q += kLanes)
                       cg == 2   ? add_taps<2>(to, x, dy, g, rows, q, first)
                       : cg == 4 ? add_taps<4>(to, x, dy, g, rows, q, first)
                                 : add_taps<8>(to, x, dy, g, rows, q, first);
                   }
                 });
  if (chunks.count > 1) {
    add_partials(dw, partials, size, stride, chunks.count);
    workspace += chunks.count * stride * 4;
  }
  if (!db) return;
  if (pixels)
    depthwise_db(db, dy, pixels, g.k, workspace);
  else
    memset(db, 0, (size_t)g.k * 4);
}

}  // namespace ISA
}  // namespace fastcnn
