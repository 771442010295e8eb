// Convolution: checks the parameters once, turns them into a geometry, chooses the algorithm.
#include "fastcnn/conv.h"

#include <string.h>

#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

// Padding larger than this is refused: no layer has it, and the sums below cannot overflow.
constexpr int64_t kLargest = int64_t(1) << 40;

int64_t outputs(int64_t size, int64_t before, int64_t after, int64_t kernel, int64_t dilation, int64_t stride) {
  int64_t reach = checked_sum(checked_product(kernel - 1, dilation), 1);
  int64_t padded = size + before + after;
  return reach < 0 || reach > padded ? 0 : (padded - reach) / stride + 1;
}

bool pads(const fastcnn_conv2d_params& p) { return p.pad_top || p.pad_bottom || p.pad_left || p.pad_right; }
// The padding is not zeros and so has to be written out around a copy of x.
bool copies(const fastcnn_conv2d_params& p) {
  return pads(p) && (p.pad_mode != FASTCNN_PAD_CONSTANT || p.pad_value != 0);
}

struct Geometry {
  Conv2d conv;  // what the kernels see: x already has its margin where it had to be copied
  bool margin;
  fastcnn_conv2d_params given;
};

void side(Check& check, const char* name, int64_t size, int64_t pad, fastcnn_pad_mode mode) {
  check.range(name, pad, 0, kLargest);
  if (mode == FASTCNN_PAD_REFLECT)
    check.that(pad < size || pad == 0, "%s must be smaller than the input's %lld for reflect padding, got %lld", name,
               (long long)size, (long long)pad);
  if (mode == FASTCNN_PAD_WRAP || mode == FASTCNN_PAD_SYMMETRIC)
    check.that(pad <= size, "%s must not exceed the input's %lld for circular or symmetric padding, got %lld", name,
               (long long)size, (long long)pad);
}

// Each parameter by itself, and the groups.
void check_params(Check& check, const fastcnn_conv2d_params& p) {
  check.range("n", p.n, 0, kLargest).range("h", p.h, 1, kLargest).range("w", p.w, 1, kLargest);
  check.range("c", p.c, 1, kLargest)
      .range("k", p.k, 1, kLargest)
      .range("kh", p.kh, 1, kLargest)
      .range("kw", p.kw, 1, kLargest);
  check.positive("stride_h", p.stride_h).positive("stride_w", p.stride_w);
  check.positive("dilation_h", p.dilation_h).positive("dilation_w", p.dilation_w).positive("groups", p.groups);
  check.range("pad_mode", p.pad_mode, 0, FASTCNN_PAD_MODE_COUNT - 1)
      .range("precision", p.precision, 0, FASTCNN_PRECISION_STRICT);
  check.range("algorithm", p.algorithm, 0, FASTCNN_ALGORITHM_WINOGRAD);
  side(check, "pad_top", p.h, p.pad_top, p.pad_mode);
  side(check, "pad_bottom", p.h, p.pad_bottom, p.pad_mode);
  side(check, "pad_left", p.w, p.pad_left, p.pad_mode);
  side(check, "pad_right", p.w, p.pad_right, p.pad_mode);
  if (check.failed()) return;
  check.that(p.c % p.groups == 0, "groups must divide c = %lld, got %lld", (long long)p.c, (long long)p.groups);
  check.that(p.k % p.groups == 0, "groups must divide k = %lld, got %lld", (long long)p.k, (long long)p.groups);
}

bool winograd_fits(const Conv2d& g) {
  return g.kh == 3 && g.kw == 3 && g.stride_h == 1 && g.stride_w == 1 && g.dilation_h == 1 && g.dilation_w == 1 &&
         g.groups == 1;
}

Geometry checked(Check& check, const fastcnn_conv2d_params* given) {
  Geometry g{};
  check.pointer("params", given);
  if (check.failed()) return g;
  const fastcnn_conv2d_params& p = g.given = *given;
  check_params(check, p);
  if (check.failed()) return g;
  Conv2d& conv = g.conv;
  conv = {p.n,          p.h,       p.w,        p.c,        p.k,        p.kh,
          p.kw,         0,         0,          p.stride_h, p.stride_w, p.dilation_h,
          p.dilation_w, p.pad_top, p.pad_left, p.groups,   p.prologue, p.y_pixel ? p.y_pixel : p.k,
          nullptr,      false,     nullptr,    nullptr};
  conv.oh = outputs(p.h, p.pad_top, p.pad_bottom, p.kh, p.dilation_h, p.stride_h);
  conv.ow = outputs(p.w, p.pad_left, p.pad_right, p.kw, p.dilation_w, p.stride_w);
  check.that(conv.oh > 0,
             "the filter reaches over kh = %lld rows with dilation %lld, but h with its padding has only %lld",
             (long long)p.kh, (long long)p.dilation_h, (long long)(p.h + p.pad_top + p.pad_bottom));
  check.that(conv.ow > 0,
             "the filter reaches over kw = %lld columns with dilation %lld, but w with its padding has only %lld",
             (long long)p.kw, (long long)p.dilation_w, (long long)(p.w + p.pad_left + p.pad_right));
  if (check.failed()) return g;
  // A stride longer than the padded input has one output whatever its length; the kernels multiply with it.
  if (conv.oh == 1 && conv.stride_h > conv.h) conv.stride_h = conv.h + p.pad_top + p.pad_bottom;
  if (conv.ow == 1 && conv.stride_w > conv.w) conv.stride_w = conv.w + p.pad_left + p.pad_right;
  check.that(p.y_pixel == 0 || (p.y_pixel >= p.k && p.y_pixel <= kLargest),
             "y_pixel must be 0 or at least k = %lld, got %lld", (long long)p.k, (long long)p.y_pixel);
  if (conv.kh == 1) conv.dilation_h = 1;
  if (conv.kw == 1) conv.dilation_w = 1;
  g.margin = copies(p);
  check.that(!p.prologue || !g.margin, "a prologue needs zero padding");
  check_prologue(check, p.prologue, p.c);
  if (g.margin) {
    conv.h += p.pad_top + p.pad_bottom, conv.w += p.pad_left + p.pad_right;
    conv.top = conv.left = 0;
  }
  check.count("x", {conv.n, conv.h + p.pad_top + p.pad_bottom, conv.w + p.pad_left + p.pad_right, conv.c});
  check.count("filter", {conv.kh, conv.kw, conv.c / conv.groups, conv.k});
  check.count("y", {conv.n, conv.oh, conv.ow, conv.y_pixel});
  check.that(p.algorithm != FASTCNN_ALGORITHM_WINOGRAD || winograd_fits(conv),
             "algorithm 'winograd' needs a 3x3 filter and no strides, dilation or groups; use 'direct' or 'auto'");
  return g;
}

// Winograd pays where the transforms are small beside the products (enough channels), where the tiles of 4x4 outputs
// are mostly full, and where an image has some of them: its filter is four times as large and has to be read for each.
ConvAlgorithm choose(const Geometry& g) {
  if (g.given.algorithm == FASTCNN_ALGORITHM_WINOGRAD) return ConvAlgorithm::winograd;
  if (g.given.algorithm == FASTCNN_ALGORITHM_DIRECT || g.given.precision == FASTCNN_PRECISION_STRICT ||
      !winograd_fits(g.conv))
    return ConvAlgorithm::direct;
  const Conv2d& c = g.conv;
  int64_t tiles = ((c.oh + 3) / 4) * ((c.ow + 3) / 4);
  bool channels = c.c >= 32 && c.k >= 32, map = tiles >= 4 && c.oh * c.ow >= 8 * tiles;
  return channels && map ? ConvAlgorithm::winograd : ConvAlgorithm::direct;
}

ConvPass pass_of(fastcnn_pass pass) {
  return pass == FASTCNN_FORWARD ? ConvPass::forward : pass == FASTCNN_DX ? ConvPass::dx : ConvPass::dw;
}

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
size_t margin_bytes(const Geometry& g) {
  return g.margin ? aligned((size_t)(g.conv.n * g.conv.h * g.conv.w * g.conv.c) * 4) : 0;
}

// Margins other than zeros: x goes through the padding kernel, its gradient through that one's adjoint.
struct Margin {
  fastcnn_dims x;
  fastcnn_pad_params pad;
  explicit Margin(const fastcnn_conv2d_params& p) : x{4, {p.n, p.h, p.w, p.c}}, pad{} {
    pad.mode = p.pad_mode, pad.value = p.pad_value;
    pad.before[1] = p.pad_top, pad.after[1] = p.pad_bottom;
    pad.before[2] = p.pad_left, pad.after[2] = p.pad_right;
  }
};

size_t fold_bytes(const Geometry& g) {
  size_t bytes = 0;
  Margin margin(g.given);
  if (g.margin) fastcnn_pad_backward_workspace(&margin.x, &margin.pad, &bytes);
  return aligned(bytes);
}

// The copy of x with its margin, the kernels' scratch (after dx, that of folding the margin back), and room to align.
size_t workspace_bytes_of(const Geometry& g, ConvPass pass, int threads) {
  size_t scratch = aligned(kernels().conv->workspace(g.conv, pass, choose(g), threads));
  if (pass == ConvPass::dx && fold_bytes(g) > scratch) scratch = fold_bytes(g);
  return margin_bytes(g) + scratch + 64;
}

// What a prepared filter begins with: whom it is for.
struct Prepared {
  const void* table;  // of the instruction set
  int64_t c, k, kh, kw, groups, dilation_w, algorithm;
};
static_assert(sizeof(Prepared) == 64, "what follows is as aligned as the whole");

Prepared prepared_for(const Geometry& g) {
  const Conv2d& c = g.conv;
  return {kernels().conv, c.c, c.k, c.kh, c.kw, c.groups, c.dilation_w, (int64_t)choose(g)};
}

// The filter prepared for just this, or null.
const float* prepared_of(const Geometry& g) {
  if (!g.given.prepared) return nullptr;
  Prepared wanted = prepared_for(g);
  bool fits = memcmp(g.given.prepared, &wanted, sizeof wanted) == 0;
  return fits ? (const float*)((const char*)g.given.prepared + sizeof wanted) : nullptr;
}

// Only the forward pass knows y as a slice of a larger array.
void check_whole(Check& check, const Geometry& g) {
  check.that(check.failed() || g.conv.y_pixel == g.conv.k, "y_pixel must be 0 or k = %lld here, got %lld",
             (long long)g.conv.k, (long long)g.conv.y_pixel);
}

// What pooling in one pass with the convolution asks of it.
void check_pooled(Check& check, const Geometry& g) {
  if (check.failed()) return;
  check.that(choose(g) == ConvAlgorithm::winograd,
             "pooling in the same pass needs a layer whose algorithm is winograd");
  check.that(g.conv.k % kPooledChannels == 0, "k must be a multiple of %lld for pooling in the same pass, got %lld",
             (long long)kPooledChannels, (long long)g.conv.k);
  check.that(g.conv.oh > 1 && g.conv.ow > 1, "windows of 2x2 need a map as large, got (%lld, %lld)",
             (long long)g.conv.oh, (long long)g.conv.ow);
}

void check_pooled_epilogue(Check& check, const fastcnn_epilogue* e) {
  if (!e) return;
  check.that(!e->residual && !e->gate, "pooling in the same pass goes without a residual or gate");
  check.that(clamps(e->activation), "pooling in the same pass goes with linear, relu and relu6 only");
}

struct Memory {
  void* given;
  size_t bytes;
};

// The three passes, for check's function; a geometry that is pooled has been checked for that.
fastcnn_status forward(const char* function, Check& check, Geometry& g, const float* x, const float* filter,
                       const fastcnn_epilogue* epilogue, float* y, Memory workspace) {
  check_epilogue(check, epilogue);
  if (epilogue && (epilogue->residual || epilogue->gate)) check_whole(check, g);
  if (check.failed()) return check.status();
  check.pointer("x", x, g.conv.n).pointer("filter", filter).pointer("y", y, g.conv.n);
  if (check.failed() || g.conv.n == 0) return check.status();
  int threads = thread_limit();
  Workspace memory(function, workspace.given, workspace.bytes, workspace_bytes_of(g, ConvPass::forward, threads));
  if (memory.status()) return memory.status();
  bool kept = choose(g) == ConvAlgorithm::winograd;  // whose sums are elsewhere
  Finishing finishing(function, epilogue, kept ? nullptr : y, g.conv.n * g.conv.oh * g.conv.ow * g.conv.k);
  if (finishing.status()) return finishing.status();
  char* scratch = memory.data();
  if (g.margin) {
    Margin margin(g.given);
    if (fastcnn_status s = fastcnn_pad(&margin.x, &margin.pad, x, (float*)scratch)) return s;
    x = (const float*)scratch;
    scratch += margin_bytes(g);
  }
  g.conv.prepared = prepared_of(g);
  kernels().conv->forward(y, x, filter, g.conv, finishing.epilogue(), choose(g), scratch, threads);
  return FASTCNN_OK;
}

fastcnn_status input_gradient(const char* function, Check& check, Geometry& g, const float* dy, const float* filter,
                              const fastcnn_epilogue* epilogue, float* dx, Memory workspace) {
  check_whole(check, g);
  check_epilogue(check, epilogue);
  if (check.failed()) return check.status();
  check.pointer("dy", dy, g.conv.n).pointer("filter", filter).pointer("dx", dx, g.conv.n);
  check.that(!g.margin || !epilogue, "an epilogue needs zero padding");
  if (check.failed() || g.conv.n == 0) return check.status();
  int threads = thread_limit();
  Workspace memory(function, workspace.given, workspace.bytes, workspace_bytes_of(g, ConvPass::dx, threads));
  if (memory.status()) return memory.status();
  Finishing finishing(function, epilogue, dx, g.conv.n * g.conv.h * g.conv.w * g.conv.c);
  if (finishing.status()) return finishing.status();
  char* scratch = memory.data();
  float* out = g.margin ? (float*)scratch : dx;
  kernels().conv->dx(out, dy, filter, g.conv, finishing.epilogue(), choose(g), scratch + margin_bytes(g), threads);
  if (!g.margin) return FASTCNN_OK;
  Margin margin(g.given);
  return fastcnn_pad_backward(&margin.x, &margin.pad, out, dx, scratch + margin_bytes(g), fold_bytes(g));
}

fastcnn_status filter_gradient(const char* function, Check& check, Geometry& g, const float* x, const float* dy,
                               float* dw, float* db, Memory workspace) {
  check_whole(check, g);
  if (check.failed()) return check.status();
  check.pointer("x", x, g.conv.n).pointer("dy", dy, g.conv.n).pointer("dw", dw);
  if (check.failed()) return check.status();
  int threads = thread_limit();
  Workspace memory(function, workspace.given, workspace.bytes, workspace_bytes_of(g, ConvPass::dw, threads));
  if (memory.status()) return memory.status();
  char* scratch = memory.data();
  if (g.margin && g.conv.n) {
    Margin margin(g.given);
    if (fastcnn_status s = fastcnn_pad(&margin.x, &margin.pad, x, (float*)scratch)) return s;
    x = (const float*)scratch;
    scratch += margin_bytes(g);
  }
  kernels().conv->dw(dw, db, x, dy, g.conv, choose(g), scratch, threads);
  return FASTCNN_OK;
}

}  // namespace

void fastcnn_conv2d_defaults(fastcnn_conv2d_params* p) {
  if (!p) return;  // the functions that p is given to say so
  memset(p, 0, sizeof *p);
  p->stride_h = p->stride_w = p->dilation_h = p->dilation_w = p->groups = 1;
}

fastcnn_status fastcnn_conv2d_output_shape(const fastcnn_conv2d_params* p, int64_t* oh, int64_t* ow) {
  Check check("conv2d_output_shape");
  Geometry g = checked(check, p);
  check.pointer("oh", oh).pointer("ow", ow);
  if (check.failed()) return check.status();
  *oh = g.conv.oh, *ow = g.conv.ow;
  return FASTCNN_OK;
}

fastcnn_status fastcnn_conv2d_algorithm(const fastcnn_conv2d_params* p, fastcnn_pass pass,
                                        fastcnn_algorithm* algorithm) {
  Check check("conv2d_algorithm");
  Geometry g = checked(check, p);
  check.range("pass", pass, 0, FASTCNN_DW).pointer("algorithm", algorithm);
  if (check.failed()) return check.status();
  *algorithm = choose(g) == ConvAlgorithm::winograd ? FASTCNN_ALGORITHM_WINOGRAD : FASTCNN_ALGORITHM_DIRECT;
  return FASTCNN_OK;
}

fastcnn_status fastcnn_conv2d_workspace(const fastcnn_conv2d_params* p, fastcnn_pass pass, size_t* bytes) {
  Check check("conv2d_workspace");
  Geometry g = checked(check, p);
  check.range("pass", pass, 0, FASTCNN_DW).pointer("bytes", bytes);
  if (!check.failed()) *bytes = workspace_bytes_of(g, pass_of(pass), thread_limit());
  return check.status();
}

fastcnn_status fastcnn_conv2d(const fastcnn_conv2d_params* p, const float* x, const float* filter,
                              const fastcnn_epilogue* epilogue, float* y, void* workspace, size_t workspace_bytes) {
  Check check("conv2d");
  Geometry g = checked(check, p);
  return forward("conv2d", check, g, x, filter, epilogue, y, {workspace, workspace_bytes});
}

fastcnn_status fastcnn_conv2d_prepared_bytes(const fastcnn_conv2d_params* p, size_t* bytes) {
  Check check("conv2d_prepared_bytes");
  Geometry g = checked(check, p);
  check.pointer("bytes", bytes);
  if (!check.failed()) {
    check.count("filter", {36, g.conv.kh, g.conv.kw, g.conv.c + 64, g.conv.k + 64 * g.conv.groups});
    if (!check.failed()) *bytes = sizeof(Prepared) + (size_t)kernels().conv->prepared_floats(g.conv, choose(g)) * 4;
  }
  return check.status();
}

fastcnn_status fastcnn_conv2d_prepare(const fastcnn_conv2d_params* p, const float* filter, void* prepared) {
  Check check("conv2d_prepare");
  Geometry g = checked(check, p);
  check.pointer("filter", filter).pointer("prepared", prepared);
  if (check.failed()) return check.status();
  int threads = thread_limit();
  Workspace memory("conv2d_prepare", nullptr, 0, workspace_bytes_of(g, ConvPass::forward, threads));
  if (memory.status()) return memory.status();
  Prepared head = prepared_for(g);
  memcpy(prepared, &head, sizeof head);
  kernels().conv->prepare((float*)((char*)prepared + sizeof head), filter, g.conv, choose(g), memory.data(), threads);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_conv2d_dx(const fastcnn_conv2d_params* p, const float* dy, const float* filter,
                                 const fastcnn_epilogue* epilogue, float* dx, void* workspace, size_t workspace_bytes) {
  Check check("conv2d_dx");
  Geometry g = checked(check, p);
  return input_gradient("conv2d_dx", check, g, dy, filter, epilogue, dx, {workspace, workspace_bytes});
}

fastcnn_status fastcnn_conv2d_dw(const fastcnn_conv2d_params* p, const float* x, const float* dy, float* dw, float* db,
                                 void* workspace, size_t workspace_bytes) {
  Check check("conv2d_dw");
  Geometry g = checked(check, p);
  return filter_gradient("conv2d_dw", check, g, x, dy, dw, db, {workspace, workspace_bytes});
}

fastcnn_status fastcnn_conv2d_max_pool(const fastcnn_conv2d_params* p, const float* x, const float* filter,
                                       const fastcnn_epilogue* epilogue, float* y, uint8_t* indices, void* workspace,
                                       size_t workspace_bytes) {
  Check check("conv2d_max_pool");
  Geometry g = checked(check, p);
  check_pooled(check, g);
  check_pooled_epilogue(check, epilogue);
  g.conv.pooled = true, g.conv.noted = indices;
  return forward("conv2d_max_pool", check, g, x, filter, epilogue, y, {workspace, workspace_bytes});
}

fastcnn_status fastcnn_conv2d_max_pool_dx(const fastcnn_conv2d_params* p, const float* dy, const uint8_t* indices,
                                          const float* filter, const fastcnn_epilogue* epilogue, float* dx,
                                          void* workspace, size_t workspace_bytes) {
  Check check("conv2d_max_pool_dx");
  Geometry g = checked(check, p);
  check_pooled(check, g);
  check.pointer("indices", indices, g.conv.n);
  check.that((g.conv.top - g.conv.left) % 2 == 0, "pad_top and pad_left must be both even or both odd, got %lld, %lld",
             (long long)g.conv.top, (long long)g.conv.left);
  g.conv.winners = indices;
  return input_gradient("conv2d_max_pool_dx", check, g, dy, filter, epilogue, dx, {workspace, workspace_bytes});
}

fastcnn_status fastcnn_conv2d_max_pool_dw(const fastcnn_conv2d_params* p, const float* x, const float* dy,
                                          const uint8_t* indices, float* dw, float* db, void* workspace,
                                          size_t workspace_bytes) {
  Check check("conv2d_max_pool_dw");
  Geometry g = checked(check, p);
  check_pooled(check, g);
  check.pointer("indices", indices, g.conv.n);
  g.conv.winners = indices;
  return filter_gradient("conv2d_max_pool_dw", check, g, x, dy, dw, db, {workspace, workspace_bytes});
}

fastcnn_status fastcnn_bias_gradient(int64_t rows, int64_t k, const float* dy, float* db) {
  Check check("bias_gradient");
  int64_t count = check.count("dy", {rows, k});
  check.pointer("dy", dy, count).pointer("db", db, k);
  if (check.failed()) return check.status();
  fastcnn_dims dims{2, {rows, k}};
  return fastcnn_reduce(FASTCNN_REDUCE_SUM, &dims, 1u << 0, dy, db, nullptr, 0);
}
