// The input gradient of a first layer, whose images have one to a few channels: vectors of channels would be mostly
// empty.
//
// 64 pixels of dy, counted on from row to row, are transposed; their products with all (r, s, c) filters are rows of 64
// pixels, which are added to planes, one per channel and column remainder; when no more of dy reaches a row of dx, its
// planes are woven into it. Blocks of pixels come in their order, then taps in theirs: an element's additions come in
// this order whoever owns its rows. A few rows of planes are open at a time, so everything but dy stays in L1.
#include "conv_parts.h"
#include "lanes.h"
#include "pack.h"
#include "runtime/shares.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kPixels = 64;  // of dy together; the same on every ISA, for it orders the additions
constexpr int64_t kApart = 16;   // rows of dx that a task owns, for each row of dy that its neighbour computes, too
constexpr int64_t kWoven = 8;    // arrays that are woven by shuffles: each costs one

struct InputPlan {
  int64_t m, lines;     // taps times channels; rows of dx that are open together
  int64_t plane, line;  // floats of one channel's and remainder's part of a row, with its margin; of all
  int64_t period;       // taps that many columns apart meet in one plane
  int64_t packed, columns, planes, orders;  // bytes
  InputPlan(const Conv2d& g) {
    m = g.kh * g.kw * g.c;
    lines = least(g.h, (g.kh - 1) * g.dilation_h + (kPixels - 1 + g.ow - 1) / g.ow * g.stride_h + 1);
    plane = align16(most(reach_w(g), g.left + g.w) / g.stride_w + 1 + 16);
    for (period = 1; period * g.dilation_w % g.stride_w;) period++;
    line = g.c * g.stride_w * plane;
    packed = align64(g.k * kPixels * 4);
    columns = align64((m + kTileRows) * kPixels * 4) + align64(m * 2 * (int64_t)sizeof(float*));
    planes = align64(lines * line * 4);
    int64_t count = g.stride_w * g.c;
    orders = count <= kWoven && kLanes == 16 ? count * count * kLanes * 4 : 0;
  }
  int64_t own() const { return packed + columns + planes; }
};

// MR rows of the filter, of which `live` differ, times a panel of pixels. Meanwhile what comes next is asked for.
template <int MR>
void pixels_tile(float* columns, const float* filter, int64_t k, int64_t depth, int live, const float* packed,
                 bool accumulate, const float* next, int64_t each) {
  vec acc[MR][kTileVectors];
  const float* row[MR];
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++) {
    row[i] = filter + (i < live ? i : 0) * k;
#pragma GCC unroll 4
    for (int j = 0; j < kTileVectors; j++) acc[i][j] = zero();
  }
  for (int64_t p = 0; p < depth; p++, packed += kPanel, next += each) {
    __builtin_prefetch(next);
    vec pixels[kTileVectors];
#pragma GCC unroll 4
    for (int j = 0; j < kTileVectors; j++) pixels[j] = load(packed + j * kLanes);
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
      for (int j = 0; j < kTileVectors; j++) acc[i][j] = fma(splat(row[i][p]), pixels[j], acc[i][j]);
  }
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < kTileVectors; j++) {
      float* to = columns + i * kPixels + j * kLanes;
      store(to, accumulate ? load(to) + acc[i][j] : acc[i][j]);
    }
}

// columns[m][p] = the products of all rows of the filter with a panel of pixels, `next` to `end` being the next one.
void panel_products(float* columns, const float* filter, const Conv2d& g, const InputPlan& plan, const float* packed,
                    const float* next, const float* end) {
  constexpr int kFewer = kTileRows - 1;
  int64_t groups = ceil_div(plan.m, kTileRows), larger = most(0, plan.m - groups * kFewer);
  int64_t piece = depth_of_block(g.k);
  for (int64_t depth = 0; depth < g.k; depth += piece, packed += piece * kPanel) {
    int64_t steps = least(piece, g.k - depth), m = 0;
    for (int64_t i = 0; i < groups; i++, m += i <= larger ? kTileRows : kFewer) {
      int64_t each = next < end ? 16 : 0;
      (i < larger ? pixels_tile<kTileRows> : pixels_tile<kFewer>)(columns + m * kPixels, filter + m * g.k + depth, g.k,
                                                                  steps, (int)least(kTileRows, plan.m - m), packed,
                                                                  depth > 0, next, each);
      next += each * steps;
    }
  }
}

// columns[m][p] = filter row m times pixel p of dy, kPixels of them at most; behind them `more` will be read.
void pixel_products(float* columns, const float* dy, const float* filter, const Conv2d& g, const InputPlan& plan,
                    int64_t pixels, int64_t more, float* packed) {
  const float** a = (const float**)((char*)columns + align64((plan.m + kTileRows) * kPixels * 4));
  float** c = (float**)(a + plan.m);
  int64_t piece = depth_of_block(g.k);
  for (int64_t from = 0; from < pixels; from += kPanel) {
    int width = (int)least(kPanel, pixels - from);
    pack_columns(packed, dy + from * g.k, g.k, g.k, width);
    if (kLanes == 16 && width == kPanel) {
      panel_products(columns, filter, g, plan, packed, dy + pixels * g.k, dy + (pixels + more) * g.k);
      continue;
    }
    for (int64_t m = 0; m < plan.m; m++) a[m] = filter + m * g.k, c[m] = columns + m * kPixels + from;
    for (int64_t depth = 0; depth < g.k; depth += piece) {
      Finish finish;
      finish.accumulate = depth > 0;
      micro_rows({a, 0, 1, least(piece, g.k - depth), 1, depth}, packed + depth * panel_width(width),
                 panel_width(width), c, plan.m, width, finish);
    }
  }
}

// to[x] += from[x] + from[apart + x - shift] + ..., one element for each tap, in this order; of a tap `count` are
// there.
void add_shifted(float* to, const float* from, int64_t apart, int64_t taps, int64_t shift, int64_t count) {
  for (; taps > 1 && shift >= count; taps--, to += shift, from += apart)  // they do not meet: what is between stays
    add_shifted(to, from, apart, 1, 0, count);
  int64_t reach = (taps - 1) * shift, end = reach + count;
  const ivec lane = lane_numbers();
  for (int64_t x = 0; x < end; x += kLanes) {
    const float* at = from + x;
    if (x >= reach && x + kLanes <= count) {
      vec sum = load(to + x);
      for (int64_t t = 0; t < taps; t++, at += apart - shift) sum += load(at);
      store(to + x, sum);
      continue;
    }
    int live = (int)least(kLanes, end - x);
    vec sum = load_first(to + x, live);
    for (int64_t t = 0; t < taps; t++, at += apart - shift) {
      int64_t first = x - t * shift;
      if (first <= -kLanes || first >= count) continue;
      uvec place = (uvec)(lane + (int32_t)first);
      sum += select((ivec)(place < (uint32_t)count), load(at), zero());
    }
    store_first(to + x, sum, live);
  }
}

// Adds the products of outputs j0 to j0 + pixels of a row with row r of the filter to a line of planes. Taps that meet
// in one plane are `period` apart.
void spread(float* line, const float* columns, const Conv2d& g, const InputPlan& plan, int64_t r, int64_t j0,
            int64_t pixels) {
  for (int64_t s = 0; s < g.kw && s < plan.period; s++) {
    int64_t b = s * g.dilation_w, taps = (g.kw - s - 1) / plan.period + 1;
    float* to = line + b % g.stride_w * g.c * plan.plane + b / g.stride_w + j0;
    const float* from = columns + (r * g.kw + s) * g.c * kPixels;
    for (int64_t ch = 0; ch < g.c; ch++, to += plan.plane, from += kPixels)
      add_shifted(to, from, plan.period * g.c * kPixels, taps, plan.period * g.dilation_w / g.stride_w, pixels);
  }
}

// order[v][i]: the lanes of vector v of count * kLanes woven floats that come from array i, which is the second one of
// two that are shuffled.
void weaving(int32_t* order, int64_t count) {
  for (int64_t v = 0; v < count; v++)
    for (int64_t i = 0; i < count; i++)
      for (int64_t l = 0; l < kLanes; l++) {
        int64_t at = v * kLanes + l;
        *order++ = (int32_t)(at % count == i ? kLanes + at / count : l);
      }
}

// Row a of image n, from its planes, which are empty again.
void weave(float* dx, float* line, const Conv2d& g, const InputPlan& plan, const int32_t* order, int64_t n, int64_t a) {
  float* row = dx + (n * g.h + a) * g.w * g.c;
  const int64_t count = g.stride_w * g.c;
  auto plane = [&](int64_t i) {
    int64_t b = i / g.c + g.left;
    return line + (b % g.stride_w * g.c + i % g.c) * plan.plane + b / g.stride_w;
  };
  if (kLanes == 16 && plan.orders) {
    const float* from[kWoven];
    for (int64_t i = 0; i < count; i++) from[i] = plane(i);
    for (int64_t x = 0, at = 0; at < g.w * g.c; x += kLanes)
      for (int64_t v = 0; v < count && at < g.w * g.c; v++, at += kLanes) {
        vec woven = zero();
        for (int64_t i = 0; i < count; i++)
          woven = __builtin_shuffle(woven, load(from[i] + x), load(order + (v * count + i) * kLanes));
        store_first(row + at, woven, (int)least(kLanes, g.w * g.c - at));
      }
  }
  for (int64_t i = 0; i < count && !plan.orders; i++) {
    const float* from = plane(i);
    for (int64_t b = i; b < g.w * g.c; b += count) row[b] = *from++;
  }
  memset(line, 0, (size_t)plan.line * 4);
}

}  // namespace

bool dx_takes_few(const Conv2d& g) {
  int64_t m = g.kh * g.kw * g.c;
  return g.groups == 1 && g.c <= 4 && m <= 1024 && g.stride_w <= 8;
}

size_t dx_few_workspace(const Conv2d& g, int threads) {
  InputPlan plan(g);
  return (size_t)(plan.orders + threads * plan.own());
}

void dx_few(float* dx, const float* dy, const float* filter, const Conv2d& g, char* workspace, int threads) {
  InputPlan plan(g);
  int team = g.n * g.oh * g.ow * plan.m * g.k / 16 < kSerialWork ? 1 : threads;
  int32_t* order = (int32_t*)workspace;
  if (plan.orders) weaving(order, g.stride_w * g.c);
  workspace += plan.orders;
  int64_t all = g.n * g.h, tasks = least(all / (kApart * plan.lines), 8 * team);
  tasks = tasks >= team ? tasks / team * team : most(1, least(all / plan.lines, team));
  parallel_shares(team, tasks, [&](int64_t task, int thread) {
    float* packed = (float*)(workspace + thread * plan.own());
    float* columns = packed + plan.packed / 4;
    float* planes = columns + plan.columns / 4;
    memset(planes, 0, (size_t)plan.planes);
    int64_t begin = all * task / tasks, end = all * (task + 1) / tasks;
    for (int64_t n = begin / g.h; n * g.h < end; n++) {
      int64_t a0 = most(0, begin - n * g.h), a1 = least(g.h, end - n * g.h), open = a0;
      int64_t before = a0 + g.top - (g.kh - 1) * g.dilation_h;  // the first output row that reaches row a0
      int64_t first = before > 0 ? ceil_div(before, g.stride_h) : 0;
      int64_t last = least(g.oh, (a1 - 1 + g.top) / g.stride_h + 1);
      int64_t image = g.oh * g.ow, stop = least(image, ceil_div(last * g.ow, kPixels) * kPixels);
      for (int64_t at = first * g.ow / kPixels * kPixels; at < stop && first < last; at += kPixels) {
        int64_t pixels = least(kPixels, image - at);
        pixel_products(columns, dy + (n * image + at) * g.k, filter, g, plan, pixels,
                       least(kPixels, stop - at - pixels), packed);
        for (int64_t p = 0; p < pixels;) {
          int64_t i = (at + p) / g.ow, j = (at + p) % g.ow, run = least(pixels - p, g.ow - j);
          for (int64_t r = 0; r < g.kh; r++) {
            int64_t a = i * g.stride_h + r * g.dilation_h - g.top;
            if (a >= a0 && a < a1) spread(planes + a % plan.lines * plan.line, columns + p, g, plan, r, j, run);
          }
          p += run;
        }
        int64_t done = (at + pixels) / g.ow;  // rows of dy
        for (; open < a1 && open < done * g.stride_h - g.top; open++)
          weave(dx, planes + open % plan.lines * plan.line, g, plan, order, n, open);
      }
      for (; open < a1; open++) weave(dx, planes + open % plan.lines * plan.line, g, plan, order, n, open);
    }
  });
}

}  // namespace ISA
}  // namespace fastcnn
