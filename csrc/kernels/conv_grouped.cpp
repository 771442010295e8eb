// Convolutions whose groups have few channels: as depthwise ones, for a product of 4x4 channels leaves most lanes
// empty.
//
// Where a group is one channel of x, they are depthwise convolutions. Elsewhere x is spread: result channel q reads
// channel i of its group at x'[pixel][i][q] = x[pixel][q / kg * cg + i]. That is an image of w * cg columns and k
// channels, on which the filter (kh, kw, cg, k), as it lies, is a depthwise one of kw * cg columns that moves by cg
// columns: the sums are those of the product, in its order. It is made for some rows and channels at a time, which stay
// in the second-level cache.
#include "conv_parts.h"
#include "depthwise_parts.h"
#include "depthwise_pass.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {

extern const DepthwiseKernels depthwise_kernels;

namespace {

constexpr int64_t kMostSpread = 8;           // channels of a group, in x and in the result
constexpr int64_t kSpreadFloats = 96 << 10;  // of x', of a task
constexpr int64_t kSpreadChannels = 32;      // result channels of a task

int64_t in_group(const Conv2d& g) { return g.c / g.groups; }
int64_t of_group(const Conv2d& g) { return g.k / g.groups; }

bool is_depthwise(const Conv2d& g) { return g.groups > 1 && g.groups == g.c; }

// Result channels of a group divide vectors or are divided by them, and what a vector reads is one vector at most.
bool is_spread(const Conv2d& g) {
  int64_t cg = in_group(g), kg = of_group(g);
  return g.groups > 1 && cg > 1 && cg <= kg && kg <= kMostSpread && (kg & (kg - 1)) == 0 && g.dilation_w == 1;
}

Depthwise2d as_depthwise(const Conv2d& g) {
  return {g.n,  g.h,        g.w,        g.c,          g.k / g.c,    g.kh,  g.kw,  g.oh,
          g.ow, g.stride_h, g.stride_w, g.dilation_h, g.dilation_w, g.top, g.left};
}

// The convolution that the input gradient is, where nothing is between two of its windows.
bool gathers_gradient(const Conv2d& g) {
  return g.stride_h == 1 && g.stride_w == 1 && g.top <= (g.kh - 1) * g.dilation_h && g.left <= g.kw - 1;
}
Conv2d gradient_of(const Conv2d& g) {
  Conv2d d = g;
  d.h = g.oh, d.w = g.ow, d.c = g.k, d.k = d.y_pixel = g.c, d.oh = g.h, d.ow = g.w;
  d.top = (g.kh - 1) * g.dilation_h - g.top, d.left = (g.kw - 1) * g.dilation_w - g.left;
  d.prologue = nullptr, d.prepared = nullptr;
  return d;
}

// A task: some rows of the result, kSpreadChannels of its channels.
struct Bands {
  int64_t columns, row_floats, rows, height, blocks, bands;  // columns and rows: of x with its margin
};
Bands bands_of(const Conv2d& g) {
  Bands b;
  b.columns = reach_w(g);
  b.row_floats = b.columns * in_group(g) * kSpreadChannels;
  int64_t window = (g.kh - 1) * g.dilation_h + 1;
  b.height = most(1, least(g.oh, (kSpreadFloats / b.row_floats - window) / g.stride_h + 1));
  b.blocks = ceil_div(g.k, kSpreadChannels);
  b.height = least(b.height, most(1, ceil_div(g.oh, ceil_div(kTasks, g.n * b.blocks))));
  b.rows = (b.height - 1) * g.stride_h + window;
  b.bands = ceil_div(g.oh, b.height);
  return b;
}
int64_t scratch_floats(const Bands& b) { return b.rows * b.row_floats + 16; }

// x' of one row of x and some groups: count result channels, kSpreadChannels from one i to the next.
void spread_row(float* to, const float* x, int64_t pixels, const Conv2d& g, int64_t count) {
  const int64_t cg = in_group(g), kg = of_group(g);
  ivec first;  // of the channels from that of a vector's first lane, the one that is first in a lane's group
  for (int l = 0; l < kLanes; l++) first[l] = (int32_t)(l / kg * cg);
  for (int64_t p = 0; p < pixels; p++, x += g.c, to += cg * kSpreadChannels)
    for (int64_t q = 0; q < count; q += kLanes) {
      const float* group = x + q / kg * cg;
      int read = (int)least(kLanes, most(least(count - q, kLanes), kg) / kg * cg);
      vec v = load_some(group, read);
      for (int64_t i = 0; i < cg; i++)
        store(to + i * kSpreadChannels + q, cg > kLanes ? splat(group[i]) : __builtin_shuffle(v, first + (int32_t)i));
    }
}

void forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e, char* workspace,
             int threads) {
  const Bands b = bands_of(g);
  const int64_t cg = in_group(g), kg = of_group(g), floats = scratch_floats(b);
  const fastcnn_activation f = e.activation;
  const bool separately = f != FASTCNN_LINEAR && f != FASTCNN_RELU && f != FASTCNN_RELU6;
  const bool past = kLanes == 16 && !separately && streams(y, g.n * g.oh * g.ow * g.k, g.k) && g.y_pixel % 16 == 0;
  float* scratch = (float*)workspace;
  parallel_tasks(threads, g.n * b.bands * b.blocks, [&](int64_t task, int thread) {
    int64_t block = task % b.blocks, top = task / b.blocks % b.bands * b.height, image = task / b.blocks / b.bands;
    int64_t q = block * kSpreadChannels, count = least(kSpreadChannels, g.k - q), rows = least(b.height, g.oh - top);
    int64_t from = top * g.stride_h - g.top;  // the first row of x that the windows reach; those outside are left out
    int64_t first = most(from, 0), end = least(g.h, from + (rows - 1) * g.stride_h + (g.kh - 1) * g.dilation_h + 1);
    float* spread = scratch + thread * align64(floats * 4) / 4;
    const int64_t width = cg * kSpreadChannels, inside = most(0, least(g.w, b.columns - g.left));
    for (int64_t r = first; r < end; r++) {
      float* to = spread + (r - first) * b.row_floats;
      int64_t left = least(g.left, b.columns) * width, right = left + inside * width;
      memset(to, 0, (size_t)left * 4);
      spread_row(to + left, x + ((image * g.h + r) * g.w) * g.c + q / kg * cg, inside, g, count);
      memset(to + right, 0, (size_t)(b.row_floats - right) * 4);
    }
    int64_t at = ((image * g.oh + top) * g.ow) * g.y_pixel + q;
    fastcnn_epilogue finish = e;
    if (e.bias) finish.bias += q;
    if (e.residual) finish.residual += at;
    Axis down{rows, most(end - first, 0), g.kh, g.stride_h, g.dilation_h, first - from, false};
    Axis across{g.ow, b.columns * cg, g.kw * cg, g.stride_w * cg, 1, 0, false};
    Pass pass{y + at, spread, filter + q, down, across, 1, g.y_pixel, kSpreadChannels, g.k, 1, finish};
    for (int64_t i = 0; i < rows; i++) {
      depthwise_row(pass, past, i, {0, count});
      if (separately) activate_row(pass, 0, i, {0, g.ow}, {0, count});
    }
    if (past) stream_fence();
  });
}

int64_t turned_bytes(const Conv2d& g) { return align64(g.kh * g.kw * in_group(g) * g.k * 4); }
// The filter of gradient_of(g): taps turned round, a group's channels exchanged.
void turn(float* to, const float* filter, const Conv2d& g) {
  int64_t cg = in_group(g), kg = of_group(g), taps = g.kh * g.kw;
  for (int64_t tap = 0; tap < taps; tap++)
    for (int64_t j = 0; j < kg; j++)
      for (int64_t group = 0; group < g.groups; group++)
        for (int64_t i = 0; i < cg; i++) *to++ = filter[((taps - 1 - tap) * cg + i) * g.k + group * kg + j];
}

}  // namespace

bool takes_grouped(const Conv2d& g, ConvPass pass) {
  if (is_depthwise(g)) return true;
  if (pass == ConvPass::forward) return is_spread(g);
  if (pass == ConvPass::dw) return takes_grouped_dw(g);
  return pass == ConvPass::dx && gathers_gradient(g) && is_spread(gradient_of(g));
}

bool ends_grouped(const Conv2d& g, ConvPass pass, const fastcnn_epilogue& e) {
  if (pass == ConvPass::dx && only_joins(e)) return true;
  return !e.gate && (is_depthwise(g) ? pass == ConvPass::forward && g.y_pixel == g.k : true);
}

size_t grouped_workspace(const Conv2d& g, ConvPass pass, int threads) {
  if (is_depthwise(g))
    return pass != ConvPass::dw ? 0
                                : (size_t)align64((int64_t)depthwise_dw_bytes(as_depthwise(g))) +
                                      depthwise_db_bytes(g.n * g.oh * g.ow, g.k);
  if (pass == ConvPass::dw) return grouped_dw_workspace(g);
  const Conv2d d = pass == ConvPass::dx ? gradient_of(g) : g;
  int64_t filter = pass == ConvPass::dx ? turned_bytes(g) : 0;
  return (size_t)(filter + threads * align64(scratch_floats(bands_of(d)) * 4));
}

void grouped_forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                     char* workspace, int threads) {
  if (is_depthwise(g)) return depthwise_kernels.forward(y, x, filter, as_depthwise(g), e);
  forward(y, x, filter, g, e, workspace, threads);
}

void grouped_dx(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                char* workspace, int threads) {
  const bool after = only_joins(e);
  if (is_depthwise(g)) {
    depthwise_kernels.dx(dx, dy, filter, as_depthwise(g));
  } else {
    float* turned = (float*)workspace;
    turn(turned, filter, g);
    forward(dx, dy, turned, gradient_of(g), after ? fastcnn_epilogue{} : e, workspace + turned_bytes(g), threads);
  }
  if (after && (e.residual || e.gate)) join(dx, e, g);
}

void grouped_dw(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  if (!is_depthwise(g)) return grouped_sums(dw, db, x, dy, g, workspace, threads);
  const Depthwise2d d = as_depthwise(g);
  const int64_t pixels = g.n * g.oh * g.ow;
  if (pixels == 0) {
    memset(dw, 0, (size_t)(g.kh * g.kw * g.k) * 4);
    if (db) memset(db, 0, (size_t)g.k * 4);
    return;
  }
  depthwise_dw(dw, x, dy, d, workspace);
  if (db) depthwise_db(db, dy, pixels, g.k, workspace + align64((int64_t)depthwise_dw_bytes(d)));
}

}  // namespace ISA
}  // namespace fastcnn
