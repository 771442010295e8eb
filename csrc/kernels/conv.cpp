// Convolution as a gathered product (gather.h), and which file computes what of the others.
//
//   y[n,i,j,:] = sum over r,s of x[n, i*stride + r*dilation - top, j*stride + s*dilation - left, :] * filter[r,s,:,:]
//
// A tap is a pixel's c floats. Where c is small and the filter dense, a tap is a whole row of the filter instead: its
// kw * c floats lie side by side in x, once x has its margin, or windows that leave x are copied.
#include "conv.h"

#include "conv_parts.h"
#include "gather.h"
#include "prologue.h"
#include "runtime/parallel.h"
#include "sizes.h"
#include "stream.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kTaskFloats = 8192;    // of the margin's copy, for one task
constexpr int64_t kRowRunChannels = 16;  // up to here a tap of c floats is too short for the micro-kernel
constexpr int64_t kLongRow = 64;         // from here on copying the windows at a row's ends is less than copying x

bool all_inside(const Conv2d& g) { return g.top == 0 && g.left == 0 && reach_h(g) <= g.h && reach_w(g) <= g.w; }

// By rows, x must have its margin, unless rows are long: then only the windows that leave it are copied.
bool needs_margin(const Conv2d& g) { return by_rows(g) && !all_inside(g) && g.ow < kLongRow; }

// The filter as a gathered product has it.
void set_filter(Gather& p, const float* filter, Taps& taps, const Conv2d& g) {
  bool rows = by_rows(g);
  int64_t cg = g.c / g.groups;
  for (int64_t r = 0; r < g.kh; r++) {
    int64_t tap_h = r * g.dilation_h - (p.inside ? 0 : g.top);
    if (rows)
      taps.add(tap_h, p.inside ? 0 : -g.left, r * g.kw * cg * g.k);
    else
      for (int64_t s = 0; s < g.kw; s++)
        taps.add(tap_h, s * g.dilation_w - (p.inside ? 0 : g.left), (r * g.kw + s) * cg * g.k);
  }
  p.taps = taps.count, p.tap_h = taps.h, p.tap_w = taps.w, p.tap_at = taps.at;
  p.run = rows ? g.kw * g.c : cg;
  p.run_stride = g.k, p.transposed = false, p.columns = g.k / g.groups;
  p.filter = filter;
}

int64_t prepared_floats(const Conv2d& g, ConvAlgorithm algorithm) {
  if (algorithm == ConvAlgorithm::winograd) return winograd_prepared_floats(g);
  return g.groups * gather_packed_floats(g.kh * g.kw, g.c / g.groups, g.k / g.groups);
}

void prepare(float* to, const float* filter, const Conv2d& g, ConvAlgorithm algorithm, char* workspace, int threads) {
  if (algorithm == ConvAlgorithm::winograd) return winograd_prepare(to, filter, g, threads);
  Taps taps(workspace, g.kh * g.kw);
  Gather p{};
  set_filter(p, filter, taps, g);
  for (int64_t group = 0; group < g.groups; group++) {
    gather_pack(to, p, threads);
    to += gather_packed_floats(p.taps, p.run, p.columns), p.filter += p.columns;
  }
}

void forward_direct(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                    char* workspace, int threads) {
  int64_t cg = g.c / g.groups, kg = g.k / g.groups;
  Taps taps(workspace, g.kh * g.kw);
  workspace += taps_bytes(g.kh * g.kw);
  Gather p{};
  p.n = g.n, p.oh = g.oh, p.ow = g.ow;
  p.y_image = g.oh * g.ow * g.y_pixel, p.y_row = g.ow * g.y_pixel, p.y_pixel = g.y_pixel;
  p.h = g.h, p.w = g.w, p.step_h = g.stride_h, p.step_w = g.stride_w;
  p.inside = all_inside(g) || needs_margin(g), p.prologue = g.prologue;
  if (by_rows(g)) p.reach = g.kw;
  if (needs_margin(g)) {
    add_margin((float*)workspace, x, g, threads);
    x = (const float*)workspace;
    workspace += margin_bytes(g);
    p.h = reach_h(g), p.w = reach_w(g);
  }
  p.x_image = p.h * p.w * g.c, p.x_row = p.w * g.c, p.x_pixel = g.c;
  set_filter(p, filter, taps, g);
  p.epilogue = e, p.y_origin = y;
  p.stream = streams(y, g.n * g.oh * g.ow * g.k, kg) && g.y_pixel % 16 == 0;
  for (int64_t group = 0; group < g.groups; group++) {
    p.x = x + group * cg, p.y = y + group * kg, p.filter = filter + group * kg;
    if (g.prepared) p.prepared = g.prepared + group * gather_packed_floats(p.taps, p.run, kg);
    if (e.bias) p.epilogue.bias = e.bias + group * kg;
    gather_product(p, workspace, threads);
  }
}

// Whether a pass reads x through its prologue; else it needs a copy that went through.
bool reads_through(const Conv2d& g, ConvPass pass, ConvAlgorithm algorithm) {
  if (algorithm == ConvAlgorithm::winograd) return true;
  return g.groups == 1 && !by_rows(g) && (pass == ConvPass::dw || (g.kh == 1 && g.kw == 1));
}
int64_t copy_bytes(const Conv2d& g, ConvPass pass, ConvAlgorithm algorithm) {
  return g.prologue && pass != ConvPass::dx && !reads_through(g, pass, algorithm) ? align64(g.n * g.h * g.w * g.c * 4)
                                                                                  : 0;
}

// x through its prologue, where the pass does not do that itself; g is then without.
void read_through(Conv2d& g, const float*& x, ConvPass pass, ConvAlgorithm algorithm, char*& workspace, int threads) {
  int64_t bytes = copy_bytes(g, pass, algorithm);
  if (!bytes) return;
  int64_t pixels = g.n * g.h * g.w, each = kTaskFloats / g.c + 1;
  float* to = (float*)workspace;
  const float* from = x;
  const fastcnn_prologue prologue = *g.prologue;
  int team = pixels * g.c / 16 < kSerialWork ? 1 : threads;
  const bool past = streams(to, pixels * g.c, g.c);
  parallel_tasks(team, (pixels + each - 1) / each, [&](int64_t task, int) {
    for (int64_t p = task * each; p < pixels && p < (task + 1) * each; p++)
      if (past)
        for (int64_t i = p * g.c; i < (p + 1) * g.c; i += kLanes) {
          __builtin_prefetch(from + i + kAhead);
          stream(to + i, Normaliser(prologue, i - p * g.c, kLanes)(load(from + i)));
        }
      else
        normalise_pixel(to + p * g.c, from + p * g.c, g.c, prologue);
    if (past) stream_fence();
  });
  g.prologue = nullptr, x = to, workspace += bytes;
}

size_t direct_workspace(const Conv2d& g, ConvPass pass, int threads) {
  if (pass == ConvPass::dw) return by_rows(g) ? dw_few_workspace(g, threads) : dw_workspace(g, threads);
  int64_t cg = g.c / g.groups, kg = g.k / g.groups, taps = g.kh * g.kw;
  size_t fixed = (size_t)taps_bytes(taps);
  if (pass == ConvPass::forward) {
    int64_t pixels = g.n * g.oh * g.ow;
    bool margin = needs_margin(g);
    if (by_rows(g)) {
      size_t first = takes_first(g) ? first_workspace(g, threads) : 0;
      size_t gathered = fixed + (margin ? (size_t)margin_bytes(g) : 0) +
                        gather_workspace(pixels, g.kh, g.kw * g.c, kg, threads, false, !margin && !all_inside(g));
      return first > gathered ? first : gathered;
    }
    return fixed + gather_workspace(pixels, taps, cg, kg, threads, g.prologue && taps == 1);
  }
  size_t most = dx_takes_few(g)
                    ? dx_few_workspace(g, threads)
                    : 0;  // and over the remainder classes: they differ by a row or a column, and in their taps
  const Conv2d d = side_by_side(g);
  for (int64_t rows = d.h / d.stride_h; rows <= d.h / d.stride_h + 1; rows++)
    for (int64_t columns = d.w / d.stride_w; columns <= d.w / d.stride_w + 1; columns++) {
      size_t bytes = gather_workspace(d.n * rows * columns, d.kh * d.kw, kg, d.c / d.groups, threads);
      most = bytes > most ? bytes : most;
    }
  most += d.c > g.c ? (size_t)align64(d.c * 4) : 0;
  return fixed + most;
}

size_t pass_workspace(const Conv2d& g, ConvPass pass, ConvAlgorithm algorithm, int threads) {
  if (algorithm == ConvAlgorithm::winograd) return winograd_workspace(g, pass, threads);
  size_t direct = direct_workspace(g, pass, threads);  // with some epilogues groups have no other way
  size_t grouped = takes_grouped(g, pass) ? grouped_workspace(g, pass) : 0;
  return grouped > direct ? grouped : direct;
}

size_t workspace(const Conv2d& g, ConvPass pass, ConvAlgorithm algorithm, int threads) {
  return (size_t)copy_bytes(g, pass, algorithm) + pass_workspace(g, pass, algorithm, threads);
}

// Whether an activation is one that tiles apply themselves.
bool ends_with_clamp(const fastcnn_epilogue& e) {
  Finish f;
  return !finish_with(e, &f);
}

void forward(float* y, const float* x, const float* filter, const Conv2d& given, const fastcnn_epilogue& e,
             ConvAlgorithm algorithm, char* workspace, int threads) {
  Conv2d g = given;
  read_through(g, x, ConvPass::forward, algorithm, workspace, threads);
  if (algorithm == ConvAlgorithm::winograd)
    winograd_forward(y, x, filter, g, e, workspace, threads);
  else if (takes_grouped(g, ConvPass::forward) && ends_grouped(g, ConvPass::forward, e))
    grouped_forward(y, x, filter, g, e, threads);
  else if (takes_first(g) && !e.residual && !e.gate && ends_with_clamp(e))
    first_forward(y, x, filter, g, e, workspace, threads);
  else
    forward_direct(y, x, filter, g, e, workspace, threads);
}

void dx(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
        ConvAlgorithm algorithm, char* workspace, int threads) {
  if (algorithm == ConvAlgorithm::winograd) {
    winograd_dx(dx, dy, filter, g, e, workspace, threads);
  } else if (takes_grouped(g, ConvPass::dx) && ends_grouped(g, ConvPass::dx, e)) {
    grouped_dx(dx, dy, filter, g, e, workspace, threads);
  } else if (dx_takes_few(g) && only_joins(e)) {
    dx_few(dx, dy, filter, g, workspace, threads);
    if (e.residual || e.gate) join(dx, e, g);
  } else {
    dx_direct(dx, dy, filter, g, e, workspace, threads);
  }
}

void dw(float* dw, float* db, const float* x, const float* dy, const Conv2d& given, ConvAlgorithm algorithm,
        char* workspace, int threads) {
  Conv2d g = given;
  read_through(g, x, ConvPass::dw, algorithm, workspace, threads);
  if (algorithm == ConvAlgorithm::winograd)
    winograd_dw(dw, db, x, dy, g, workspace, threads);
  else if (takes_grouped(g, ConvPass::dw))
    grouped_dw(dw, db, x, dy, g, workspace, threads);
  else if (by_rows(g))
    dw_few(dw, db, x, dy, g, workspace, threads);
  else
    dw_direct(dw, db, x, dy, g, workspace, threads);
}

}  // namespace

bool by_rows(const Conv2d& g) { return g.c <= kRowRunChannels && g.dilation_w == 1 && g.kw > 1 && g.groups == 1; }

void add_margin(float* to, const float* x, const Conv2d& g, int threads) {
  int64_t rows = reach_h(g), columns = reach_w(g), row_floats = columns * g.c;
  int64_t left = g.left < columns ? g.left : columns;
  int64_t live = g.w < columns - left ? g.w : columns - left;
  int64_t lines = g.n * rows, each = kTaskFloats / row_floats + 1;
  parallel_tasks(lines * row_floats / 16 < kSerialWork ? 1 : threads, (lines + each - 1) / each,
                 [&](int64_t task, int) {
                   for (int64_t line = task * each; line < lines && line < (task + 1) * each; line++) {
                     int64_t n = line / rows, a = line % rows - g.top;
                     float* row = to + line * row_floats;
                     bool in = a >= 0 && a < g.h;
                     if (!in || live < columns) memset(row, 0, (size_t)row_floats * 4);
                     if (in) memcpy(row + left * g.c, x + (n * g.h + a) * g.w * g.c, (size_t)(live * g.c) * 4);
                   }
                 });
}

extern const ConvKernels conv_kernels;
const ConvKernels conv_kernels = {workspace, forward, dx, dw, prepared_floats, prepare};

}  // namespace ISA
}  // namespace fastcnn
