// The input gradient as gathered products (gather.h): of a strided convolution stride_h * stride_w products without
// stride, one per remainder of (a + top, b + left).
//
//   dx[n,a,b,:] = sum over r,s, i*stride + r*dilation - top = a, likewise b, of dy[n,i,j,:] *
//   transpose(filter[r,s,:,:])
//
// Where windows lie side by side in a row, as those of 2x2 filters with stride 2 or of patches do, their pixels are
// columns of one product: there are kw * c of them in place of c.
//
// Some remainders may have no tap at all, as three of four have of a 1x1 filter with stride 2: they are no product but
// a pass over memory, row by row.
#include "conv_parts.h"
#include "gather.h"
#include "runtime/parallel.h"
#include "stream.h"

namespace fastcnn {
namespace ISA {
namespace {

// dx[i] = dx[i], or 0, joined with what the epilogue brings; past: the caches. `ahead` of i it is asked for.
__attribute__((noinline, noclone)) void join_run(float* dx, const fastcnn_epilogue& e, int64_t begin, int64_t end,
                                                 bool zeros, bool past, int64_t ahead) {
  for (int64_t i = begin; i < end; i += kLanes) {
    int lanes = end - i < kLanes ? (int)(end - i) : kLanes;
    vec d = zeros ? zero() : load_first(dx + i, lanes);
    if (e.residual) {
      __builtin_prefetch(e.residual + i + ahead);
      d += load_first(e.residual + i, lanes);
    }
    if (e.gate) {
      __builtin_prefetch(e.gate + i + ahead);
      d = through(load_first(e.gate + i, lanes), d);
    }
    past ? stream(dx + i, d) : store_first(dx + i, d, lanes);
  }
}

// Whether outputs of remainder a see a tap.
__attribute__((noinline)) bool sees(int64_t a, int64_t before, int64_t taps, int64_t dilation, int64_t stride) {
  for (int64_t r = 0; r < taps; r++)
    if ((a + before - r * dilation) % stride == 0) return true;
  return false;
}

// Of every row what no tap sees, all of it or some pixels; or, with `all`, dx as it stands.
__attribute__((noinline)) void join_rows(float* dx, const fastcnn_epilogue& e, const Conv2d& g, bool all) {
  bool past = !all && streams(dx, g.n * g.h * g.w * g.c, g.c);
  int64_t ahead = ceil_div(kAhead, g.stride_w * g.c) * g.stride_w * g.c;
  parallel_for(g.n * g.h, g.n * g.h * g.w * g.c / 16, [&](int64_t line) {
    const int64_t at = line * g.w * g.c;
    if (all || !sees(line % g.h, g.top, g.kh, g.dilation_h, g.stride_h))
      join_run(dx, e, at, at + g.w * g.c, !all, past, ahead);
    else
      for (int64_t first = 0; first < g.stride_w; first++)
        if (!sees(first, g.left, g.kw, g.dilation_w, g.stride_w))
          for (int64_t b = first; b < g.w; b += g.stride_w)
            join_run(dx, e, at + b * g.c, at + (b + 1) * g.c, true, past, ahead);
    if (past) stream_fence();
  });
}

// Whether every output sees a tap.
bool sees_all(const Conv2d& g) {
  bool all = true;
  for (int64_t a = 0; a < g.stride_h; a++) all &= sees(a, g.top, g.kh, g.dilation_h, g.stride_h);
  for (int64_t b = 0; b < g.stride_w; b++) all &= sees(b, g.left, g.kw, g.dilation_w, g.stride_w);
  return all;
}

__attribute__((noinline)) void remainder_products(float* dx, const float* dy, const float* filter, const Conv2d& g,
                                                  const fastcnn_epilogue& e, char* workspace, int threads) {
  int64_t cg = g.c / g.groups, kg = g.k / g.groups;
  char* after_taps = workspace + taps_bytes(g.kh * g.kw);
  Gather p{};
  p.n = g.n, p.h = g.oh, p.w = g.ow;
  p.x_image = g.oh * g.ow * g.k, p.x_row = g.ow * g.k, p.x_pixel = g.k;
  p.step_h = p.step_w = 1;
  p.y_image = g.h * g.w * g.c, p.y_row = g.stride_h * g.w * g.c, p.y_pixel = g.stride_w * g.c;
  p.run = kg, p.run_stride = g.k, p.transposed = true, p.columns = cg;
  p.epilogue = e, p.y_origin = dx;
  p.stream = streams(dx, g.n * p.y_image, cg);
  const bool aside = only_joins(e);
  if (aside && !sees_all(g)) join_rows(dx, e, g, false);
  for (int64_t a = 0; a < g.stride_h && a < g.h; a++)
    for (int64_t b = 0; b < g.stride_w && b < g.w; b++) {
      Taps taps(workspace, g.kh * g.kw);
      for (int64_t r = 0; r < g.kh; r++)
        for (int64_t s = 0; s < g.kw; s++) {
          int64_t from_h = a + g.top - r * g.dilation_h, from_w = b + g.left - s * g.dilation_w;
          if (from_h % g.stride_h == 0 && from_w % g.stride_w == 0)
            taps.add(from_h / g.stride_h, from_w / g.stride_w, (r * g.kw + s) * cg * g.k);
        }
      if (aside && !taps.count) continue;
      p.oh = (g.h - a + g.stride_h - 1) / g.stride_h, p.ow = (g.w - b + g.stride_w - 1) / g.stride_w;
      p.inside = g.kh == 1 && g.kw == 1 && g.top == 0 && g.left == 0 && p.oh <= g.oh && p.ow <= g.ow;
      p.taps = taps.count, p.tap_h = taps.h, p.tap_w = taps.w, p.tap_at = taps.at;
      for (int64_t group = 0; group < g.groups; group++) {
        p.x = dy + group * kg, p.filter = filter + group * kg;
        p.y = dx + (a * g.w + b) * g.c + group * cg;
        if (e.bias) p.epilogue.bias = e.bias + group * cg;
        gather_product(p, after_taps, threads);
      }
    }
}

}  // namespace

void join(float* dx, const fastcnn_epilogue& e, const Conv2d& g) { join_rows(dx, e, g, true); }

__attribute__((noinline)) Conv2d side_by_side(const Conv2d& given) {
  Conv2d g = given;
  if (g.kw == g.stride_w && g.left == 0 && g.w == g.ow * g.kw && g.dilation_w == 1 && g.groups == 1)
    g.c *= g.kw, g.w = g.ow, g.kw = g.stride_w = 1;
  return g;
}

void dx_direct(float* dx, const float* dy, const float* filter, const Conv2d& given, const fastcnn_epilogue& e,
               char* workspace, int threads) {
  const Conv2d g = side_by_side(given);
  fastcnn_epilogue all = e;
  if (e.bias && g.c > given.c) {
    float* biases = (float*)workspace;
    for (int64_t i = 0; i < g.c; i += given.c) memcpy(biases + i, e.bias, (size_t)given.c * 4);
    all.bias = biases, workspace += align64(g.c * 4);
  }
  remainder_products(dx, dy, filter, g, all, workspace, threads);
}

}  // namespace ISA
}  // namespace fastcnn
