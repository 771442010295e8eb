// What the files behind conv.cpp's table share: conv_*.cpp, winograd*.cpp.
#pragma once
#include "conv.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {

// The rows and columns of x that the windows reach, counted from the first.
static inline int64_t reach_h(const Conv2d& g) { return (g.oh - 1) * g.stride_h + (g.kh - 1) * g.dilation_h + 1; }
static inline int64_t reach_w(const Conv2d& g) { return (g.ow - 1) * g.stride_w + (g.kw - 1) * g.dilation_w + 1; }
static inline int64_t margin_bytes(const Conv2d& g) { return (g.n * reach_h(g) * reach_w(g) * g.c * 4 + 63) / 64 * 64; }
// x with its margin of zeros, (n, reach_h, reach_w, c).
void add_margin(float* to, const float* x, const Conv2d& g, int threads);

// Few channels: rows of the filter, not single taps, are what the micro-kernel runs along.
bool by_rows(const Conv2d& g);

// Where each tap reads and where its part of the filter lies.
static inline int64_t taps_bytes(int64_t taps) { return 3 * align64(taps * 8); }
struct Taps {
  int64_t *h, *w, *at;
  int64_t count = 0;
  Taps(char* memory, int64_t most) {
    h = (int64_t*)memory;
    w = (int64_t*)(memory + align64(most * 8));
    at = (int64_t*)(memory + 2 * align64(most * 8));
  }
  void add(int64_t tap_h, int64_t tap_w, int64_t filter_at) {
    h[count] = tap_h, w[count] = tap_w, at[count++] = filter_at;
  }
};

// conv_dx.cpp: the input gradient as products; and what other ways to it have in place of a product's epilogue, where
// that only joins dx with other arrays, neither of which is dx.
void dx_direct(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
               char* workspace, int threads);
// The geometry that dx_direct has in place of g.
Conv2d side_by_side(const Conv2d& g);
static inline bool only_joins(const fastcnn_epilogue& e) { return !e.bias && e.activation == FASTCNN_LINEAR; }
void join(float* dx, const fastcnn_epilogue& e, const Conv2d& g);

// conv_first.cpp: the forward pass where x has few channels; not with a residual, a gate, or activations of other
// files.
bool takes_first(const Conv2d& g);
size_t first_workspace(const Conv2d& g, int threads);
void first_forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                   char* workspace, int threads);

// conv_grouped.cpp: where groups have few channels. takes_: whether it has the pass; ends_: with this epilogue.
bool takes_grouped(const Conv2d& g, ConvPass pass);
bool ends_grouped(const Conv2d& g, ConvPass pass, const fastcnn_epilogue& e);
size_t grouped_workspace(const Conv2d& g, ConvPass pass);
void grouped_forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                     int threads);
void grouped_dx(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                char* workspace, int threads);
void grouped_dw(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads);
// conv_grouped_dw.cpp: the weight gradient of groups of more than one channel.
bool takes_grouped_dw(const Conv2d& g);
size_t grouped_dw_workspace(const Conv2d& g);
void grouped_sums(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads);

// conv_few.cpp, conv_few_dx.cpp: the gradients where x has few channels.
bool dx_takes_few(const Conv2d& g);
size_t dx_few_workspace(const Conv2d& g, int threads);
void dx_few(float* dx, const float* dy, const float* filter, const Conv2d& g, char* workspace, int threads);
size_t dw_few_workspace(const Conv2d& g, int threads);
void dw_few(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads);

size_t dw_workspace(const Conv2d& g, int threads);
void dw_direct(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads);

// dw = partial 0 + partial 1 + ..., in this order; partials lie `stride` floats apart. add_range: of one thread.
void add_range(float* dw, const float* partials, int64_t begin, int64_t end, int64_t stride, int64_t count);
void add_partials(float* dw, const float* partials, int64_t size, int64_t stride, int64_t count);

size_t winograd_workspace(const Conv2d& g, ConvPass pass, int threads);
void winograd_forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                      char* workspace, int threads);
int64_t winograd_prepared_floats(const Conv2d& g);
void winograd_prepare(float* to, const float* filter, const Conv2d& g, int threads);
void winograd_dx(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                 char* workspace, int threads);
// winograd_adjoint.cpp: the input gradient from the forward pass's tiles, where those are fewer; its filter: channels
// exchanged, in panels of x's.
bool takes_adjoint(const Conv2d& g);
size_t winograd_adjoint_workspace(const Conv2d& g, int threads);
void winograd_adjoint(float* dx, const float* dy, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                      char* workspace, int threads);
int64_t adjoint_panel_floats(const Conv2d& g);
void adjoint_filter(float* u, const float* filter, const Conv2d& g, int threads);
void adjoint_panels(float* u, const float* filter, const Conv2d& g, int64_t first, int64_t last);
// winograd_grad_few.cpp: dw from A dy A^T and B^T d B of a few tiles, v and g: [vector of channels][tile][point][lane].
// Vectors shorter than kFewLanes do without.
constexpr int64_t kFewestTiles = 4, kFewLanes = 8;
void few_tiles_dw(float* dw, const float* v, const float* g, const Conv2d& c, int64_t tiles, int threads);
size_t winograd_dw_workspace(const Conv2d& g, int threads);
void winograd_dw(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads);

}  // namespace ISA
}  // namespace fastcnn
