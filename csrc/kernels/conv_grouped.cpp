// Convolutions whose groups have few channels, for a product of 4x4 channels leaves most lanes empty.
//
// Where a group is one channel of x, they are depthwise convolutions. Elsewhere channels of the result are the vector,
// and pixels of a row share those of the filter: a shuffle brings a pixel's channel i of each lane's group. Sums keep
// the order of the product. The input gradient gathers in the same way (depthwise_lines.h), with a filter whose groups
// have their channels exchanged.
#include "apply_activation.h"
#include "conv_parts.h"
#include "depthwise_lines.h"
#include "depthwise_parts.h"
#include "runtime/parallel.h"
#include "stream.h"

namespace fastcnn {
namespace ISA {

extern const DepthwiseKernels depthwise_kernels;

namespace {

constexpr int64_t kMostInGroup = 8;                                     // channels, of the source and of the result
constexpr int kFewPixels = 7, kPixels = kRegisters == 32 ? 14 : 7;      // of one row, in registers
constexpr int64_t kChannels = 64, kTaskFloats = 16 << 10, kTasks = 32;  // of a task's result; tasks there should be

int64_t in_group(const Conv2d& g) { return g.c / g.groups; }
int64_t of_group(const Conv2d& g) { return g.k / g.groups; }

bool is_depthwise(const Conv2d& g) { return g.groups > 1 && g.groups == g.c; }

// Result channels of a group divide vectors or are divided by them, and what a vector reads is one vector at most.
bool fits(int64_t read, int64_t made) {
  return read > 1 && read <= made && made <= kMostInGroup && !(made & (made - 1));
}

Depthwise2d as_depthwise(const Conv2d& g) {
  return {g.n,  g.h,        g.w,        g.c,          g.k / g.c,    g.kh,  g.kw,  g.oh,
          g.ow, g.stride_h, g.stride_w, g.dilation_h, g.dilation_w, g.top, g.left};
}

// A pass: the convolution, or its input gradient.
struct Gathering {
  float* result;
  const float *source, *filter;  // (kh, kw, channels read in a group, channels of the result)
  Axis rows, columns;
  int64_t images, read, made, source_c, result_c, result_pixel;  // read, made: channels of a group
  fastcnn_epilogue end;
  bool past;  // whether the result is stored past the caches
};

// Up to P pixels of one line of a row, for one vector of channels.
template <int P>
void tile(const Gathering& m, int64_t image, const Line& down, Range ky, const Line& across, int64_t cell,
          int64_t pixels, int64_t at, int64_t apart, int64_t q, ivec first) {
  const int lanes = (int)least(kLanes, m.result_c - q);
  const int read = (int)least(kLanes, most(lanes, m.made) / m.made * m.read);
  const bool splats = kLanes < kMostInGroup && m.read > kLanes;
  const int64_t step = across.advance * m.source_c;
  vec sum[P] = {};
  for (int64_t r = ky.begin; r < ky.end; r++) {
    const float* row = m.source + (image * m.rows.source + down.base + r * down.step) * m.columns.source * m.source_c +
                       q / m.made * m.read;
    const int64_t v = down.filter + r * down.filter_step;
    for (int64_t t = 0; t < across.taps; t++) {
      const int64_t column = across.base + cell * across.advance + t * across.step;
      const float* f = m.filter + (v * m.columns.kernel + across.filter + t * across.filter_step) * m.read * m.result_c;
      const float* from = row + column * m.source_c;
      auto inside = [&](int p) { return (uint64_t)(column + p * across.advance) < (uint64_t)m.columns.source; };
      vec u[P];
#pragma GCC unroll 16
      for (int p = 0; p < P; p++) u[p] = inside(p) && !splats ? load_some(from + p * step, read) : zero();
      for (int64_t i = 0; i < m.read; i++) {
        const vec w = load_some(f + i * m.result_c + q, lanes);
        const ivec own = first + (int32_t)i;
#pragma GCC unroll 16
        for (int p = 0; p < P; p++) {
          vec x = !splats ? __builtin_shuffle(u[p], own) : inside(p) ? splat(from[p * step + i]) : zero();
          sum[p] = fma(x, w, sum[p]);
        }
      }
    }
  }
  const fastcnn_epilogue& end = m.end;
  const vec bias = end.bias ? load_some(end.bias + q, lanes) : splat(-0.0f);  // -0 changes no bit of a sum
  const bool relu6 = end.activation == FASTCNN_RELU6, relu = end.activation == FASTCNN_RELU || relu6;
  const vec low = splat(relu ? 0 : -INFINITY), high = splat(relu6 ? 6 : INFINITY);
#pragma GCC unroll 16
  for (int p = 0; p < P; p++, at += apart) {
    if (p >= pixels) break;
    vec y = sum[p] + bias;
    if (end.residual) y += load_some(end.residual + at + q, lanes);
    y = min(high, max(low, y));
    m.past ? put(m.result + at + q, y, true) : store_some(m.result + at + q, y, lanes);
  }
}

void row(const Gathering& m, int64_t image, int64_t i, Range channels, ivec first) {
  const Axis& columns = m.columns;
  const Line down = line_of(m.rows, i);
  const Range ky = clip(down, down.base, m.rows.source);
  const int64_t lines = least(columns.lines(), columns.result);
  for (int64_t l = 0; l < lines; l++) {
    const Line across = line_of(columns, l);
    const int64_t cells = round_up(columns.result - l, lines);
    for (int64_t q = channels.begin; q < channels.end; q += kLanes)
      for (int64_t cell = 0; cell < cells;) {
        const int64_t at = ((image * m.rows.result + i) * columns.result + l + cell * lines) * m.result_pixel;
        const bool few = kPixels == kFewPixels || cells - cell <= kFewPixels;
        const int64_t pixels = least(few ? kFewPixels : kPixels, cells - cell);
        (few ? tile<kFewPixels> : tile<kPixels>)(m, image, down, ky, across, cell, pixels, at, lines * m.result_pixel,
                                                 q, first);
        cell += pixels;
      }
  }
}

void gather(const Gathering& given, int threads) {
  Gathering m = given;
  const fastcnn_activation f = m.end.activation;
  const bool separately = f != FASTCNN_LINEAR && f != FASTCNN_RELU && f != FASTCNN_RELU6;
  const int64_t rows = m.rows.result, width = m.columns.result;
  m.past = kLanes == 16 && !separately && streams(m.result, m.images * rows * width * m.result_c, m.result_c) &&
           m.result_pixel % 16 == 0;
  ivec first;  // of the channels from that of a vector's first lane, the one that is first in a lane's group
  for (int l = 0; l < kLanes; l++) first[l] = (int32_t)(l / m.made * m.read);
  const int64_t blocks = ceil_div(m.result_c, kChannels);
  int64_t height = most(1, least(rows, kTaskFloats / (width * kChannels)));
  height = least(height, most(1, ceil_div(rows, ceil_div(kTasks, m.images * blocks))));
  const int64_t bands = ceil_div(rows, height);
  parallel_tasks(threads, m.images * bands * blocks, [&](int64_t task, int) {
    const int64_t image = task / blocks / bands, top = task / blocks % bands * height, q = task % blocks * kChannels;
    const Range channels{q, least(q + kChannels, m.result_c)};
    for (int64_t i = top; i < least(top + height, rows); i++) {
      row(m, image, i, channels, first);
      float* at = m.result + (image * rows + i) * width * m.result_pixel + q;
      if (separately) apply_activation(at, width, channels.end - q, m.result_pixel, f, m.end.alpha);
    }
    if (m.past) stream_fence();
  });
}

// The filter with the channels of groups exchanged: (kh, kw, result channels of a group, c).
int64_t exchanged_bytes(const Conv2d& g) { return align64(g.kh * g.kw * in_group(g) * g.k * 4); }
void exchange(float* to, const float* filter, const Conv2d& g) {
  const int64_t cg = in_group(g), kg = of_group(g);
  for (int64_t tap = 0; tap < g.kh * g.kw; tap++, filter += cg * g.k)
    for (int64_t j = 0; j < kg; j++)
      for (int64_t group = 0; group < g.groups; group++)
        for (int64_t i = 0; i < cg; i++) *to++ = filter[i * g.k + group * kg + j];
}

}  // namespace

bool takes_grouped(const Conv2d& g, ConvPass pass) {
  if (is_depthwise(g)) return true;
  if (pass == ConvPass::dw) return takes_grouped_dw(g);
  return g.groups > 1 && (pass == ConvPass::forward ? fits(in_group(g), of_group(g)) : fits(of_group(g), in_group(g)));
}

bool ends_grouped(const Conv2d& g, ConvPass pass, const fastcnn_epilogue& e) {
  if (pass == ConvPass::dx && only_joins(e)) return true;
  return !e.gate && (is_depthwise(g) ? pass == ConvPass::forward && g.y_pixel == g.k : true);
}

size_t grouped_workspace(const Conv2d& g, ConvPass pass) {
  if (pass == ConvPass::forward) return 0;
  if (!is_depthwise(g)) return pass == ConvPass::dw ? grouped_dw_workspace(g) : (size_t)exchanged_bytes(g);
  if (pass == ConvPass::dx) return 0;
  return (size_t)align64((int64_t)depthwise_dw_bytes(as_depthwise(g))) + depthwise_db_bytes(g.n * g.oh * g.ow, g.k);
}

void grouped_forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                     int threads) {
  if (is_depthwise(g)) return depthwise_kernels.forward(y, x, filter, as_depthwise(g), e);
  Axis rows{g.oh, g.h, g.kh, g.stride_h, g.dilation_h, g.top, false};
  Axis columns{g.ow, g.w, g.kw, g.stride_w, g.dilation_w, g.left, false};
  gather({y, x, filter, rows, columns, g.n, in_group(g), of_group(g), g.c, g.k, g.y_pixel, e, false}, threads);
}

void grouped_dx(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                char* workspace, int threads) {
  const bool after = only_joins(e);
  if (is_depthwise(g)) {
    depthwise_kernels.dx(dx, dy, filter, as_depthwise(g));
  } else {
    float* exchanged = (float*)workspace;
    exchange(exchanged, filter, g);
    Axis rows{g.h, g.oh, g.kh, g.stride_h, g.dilation_h, g.top, true};
    Axis columns{g.w, g.ow, g.kw, g.stride_w, g.dilation_w, g.left, true};
    gather({dx, dy, exchanged, rows, columns, g.n, of_group(g), in_group(g), g.k, g.c, g.c,
            after ? fastcnn_epilogue{} : e, false},
           threads);
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
