#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

constexpr size_t kAlign = 64;  // room to align a caller's workspace

// One pooling call's checked sizes.
struct Plan {
  PoolShape shape;
  int64_t in, out;  // floats of x and of y
};

int64_t output_size(Check& check, const char* const (&names)[6], const PoolAxis& a, bool ceil_mode) {
  auto [size, pool, stride, dilation, before, after] = names;
  check.not_negative(size, a.size).positive(pool, a.kernel).positive(stride, a.stride).positive(dilation, a.dilation);
  check.not_negative(before, a.before).not_negative(after, a.after);
  if (check.failed()) return 0;
  int64_t span = checked_sum(checked_product(a.kernel - 1, a.dilation), 1);
  int64_t padded = checked_sum(checked_sum(a.size, a.before), a.after);
  check.that(span > 0, "%s and %s are too large", pool, dilation);
  check.that(padded >= 0 && padded < INT64_MAX / 2 && a.stride < INT64_MAX / 2, "%s, %s or %s is too large", size,
             stride, before);
  check.that(span <= padded, "the window must fit the padded input: %s is %lld with padding, the window spans %lld",
             size, (long long)padded, (long long)span);
  check.that(a.before < span, "%s must be smaller than the window's span of %lld, got %lld", before, (long long)span,
             (long long)a.before);
  check.that(a.after < span, "%s must be smaller than the window's span of %lld, got %lld", after, (long long)span,
             (long long)a.after);
  if (check.failed()) return 0;
  int64_t rest = padded - span, out = rest / a.stride + 1;
  bool one_more = ceil_mode && rest % a.stride != 0 && out * a.stride < a.size + a.before;
  return out + one_more;
}

// slice: y may be one of the channels of a larger array.
Plan plan(Check& check, const fastcnn_pool2d* p, bool slice = false) {
  Plan r{};
  check.pointer("p", p);
  if (check.failed()) return r;
  PoolAxis h{p->h, 0, p->kh, p->stride_h, p->dilation_h, p->top, p->bottom};
  PoolAxis w{p->w, 0, p->kw, p->stride_w, p->dilation_w, p->left, p->right};
  r.in = check.count("x", {p->n, p->h, p->w, p->c});
  h.out = output_size(check, {"h", "pool height", "stride height", "dilation height", "padding top", "padding bottom"},
                      h, p->ceil_mode);
  w.out = output_size(check, {"w", "pool width", "stride width", "dilation width", "padding left", "padding right"}, w,
                      p->ceil_mode);
  if (check.failed()) return r;
  int64_t cells = checked_product(p->kh, p->kw);
  check.that(cells >= 0 && cells <= INT32_MAX, "pool size is too large: %lld x %lld cells", (long long)p->kh,
             (long long)p->kw);
  check.that(
      p->y_pixel == 0 || p->y_pixel == p->c || (slice && p->y_pixel > p->c),
      slice ? "y_pixel must be 0 or at least c = %lld, got %lld" : "y_pixel must be 0 or c = %lld here, got %lld",
      (long long)p->c, (long long)p->y_pixel);
  check.count("y", {p->n, h.out, w.out, p->y_pixel});
  r.out = check.count("y", {p->n, h.out, w.out, p->c});
  if (h.kernel == 1) h.dilation = 1;  // means nothing there, and may be large
  if (w.kernel == 1) w.dilation = 1;
  r.shape = {p->n, p->c, h, w, p->y_pixel ? p->y_pixel : p->c};
  return r;
}

int64_t window_cells(const Plan& r) { return r.shape.h.kernel * r.shape.w.kernel; }
int index_bytes(const Plan& r) { return window_cells(r) <= 256 ? 1 : 4; }
size_t indices_bytes(const Plan& r) { return (size_t)(r.out * index_bytes(r)) + kAlign; }

void check_global(Check& check, int64_t n, int64_t pixels, int64_t c, const float* x, const char* x_name,
                  const float* y, const char* y_name) {
  int64_t in = check.count("x", {n, pixels, c});
  check.range("h * w", pixels, 1, INT32_MAX);
  check.pointer(x_name, x, in).pointer(y_name, y, n > 0 ? c : 0);
}

size_t partials_bytes(int64_t n, int64_t pixels, int64_t c) {
  int64_t chunks = n > 0 && c > 0 ? kernels().pool->global_chunks(pixels) : 0;
  return chunks > 1 ? (size_t)(n * chunks * c) * sizeof(float) + kAlign : 0;  // below the bytes of x
}

using GlobalKernel = decltype(PoolKernels::global_avg);

fastcnn_status global_pool(const char* name, GlobalKernel run, int64_t n, int64_t pixels, int64_t c, const float* x,
                           float* y, void* workspace, size_t workspace_bytes) {
  Check check(name);
  check_global(check, n, pixels, c, x, "x", y, "y");
  if (check.failed() || n == 0 || c == 0) return check.status();
  size_t bytes = partials_bytes(n, pixels, c);
  Workspace scratch(name, workspace, workspace_bytes, bytes);
  if (scratch.status() != FASTCNN_OK) return scratch.status();
  run(y, bytes ? reinterpret_cast<float*>(scratch.data()) : y, x, n, pixels, c);
  return FASTCNN_OK;
}

}  // namespace

fastcnn_status fastcnn_pool2d_output_shape(const fastcnn_pool2d* p, int64_t* oh, int64_t* ow) {
  Check check("pool2d_output_shape");
  Plan r = plan(check, p, true);
  check.pointer("oh", oh).pointer("ow", ow);
  if (check.failed()) return check.status();
  *oh = r.shape.h.out, *ow = r.shape.w.out;
  return FASTCNN_OK;
}

fastcnn_status fastcnn_max_pool2d(const fastcnn_pool2d* p, const float* x, float* y, uint8_t* indices) {
  Check check("max_pool2d");
  Plan r = plan(check, p, !indices);
  check.pointer("x", x, r.in).pointer("y", y, r.out);
  check.that(!indices || index_bytes(r) == 1, "indices need a pool size of at most 256 cells, got %lld",
             (long long)window_cells(r));
  if (!check.failed() && r.out > 0) kernels().pool->max_pool(y, indices, indices ? 1 : 0, x, nullptr, r.shape);
  return check.status();
}

fastcnn_status fastcnn_max_pool2d_through(const fastcnn_pool2d* p, const fastcnn_prologue* prologue, const float* x,
                                          float* y, uint8_t* indices) {
  Check check("max_pool2d_through");
  Plan r = plan(check, p);
  check.pointer("prologue", prologue);
  check.pointer("x", x, r.in).pointer("y", y, r.out).pointer("indices", indices, r.out);
  check.that(index_bytes(r) == 1, "indices need a pool size of at most 256 cells, got %lld",
             (long long)window_cells(r));
  if (check.failed()) return check.status();
  check_prologue(check, prologue, p->c);
  if (!check.failed() && r.out > 0) kernels().pool->max_pool(y, indices, 1, x, prologue, r.shape);
  return check.status();
}

fastcnn_status fastcnn_max_pool2d_dx_workspace(const fastcnn_pool2d* p, size_t* bytes) {
  Check check("max_pool2d_dx_workspace");
  Plan r = plan(check, p);
  check.pointer("bytes", bytes);
  if (!check.failed()) *bytes = r.in ? indices_bytes(r) : 0;
  return check.status();
}

fastcnn_status fastcnn_max_pool2d_dx(const fastcnn_pool2d* p, const float* dy, const uint8_t* indices, const float* x,
                                     float* dx, void* workspace, size_t workspace_bytes) {
  Check check("max_pool2d_dx");
  Plan r = plan(check, p);
  check.pointer("dy", dy, r.out).pointer("dx", dx, r.in);
  if (!indices) check.pointer("x", x, r.in);
  if (check.failed() || r.in == 0) return check.status();
  if (indices) {
    check.that(index_bytes(r) == 1, "indices need a pool size of at most 256 cells, got %lld",
               (long long)window_cells(r));
    if (check.failed()) return check.status();
    int largest = kernels().pool->largest_index(indices, r.out);
    check.that(largest < window_cells(r), "indices must be below the %lld cells of the window, got %d",
               (long long)window_cells(r), largest);
    if (!check.failed()) kernels().pool->max_pool_dx(dx, dy, indices, 1, nullptr, nullptr, r.shape);
    return check.status();
  }
  Workspace scratch("max_pool2d_dx", workspace, workspace_bytes, indices_bytes(r));
  if (scratch.status() != FASTCNN_OK) return scratch.status();
  kernels().pool->max_pool_dx(dx, dy, nullptr, index_bytes(r), x, scratch.data(), r.shape);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_avg_pool2d(const fastcnn_pool2d* p, const float* x, float* y) {
  Check check("avg_pool2d");
  Plan r = plan(check, p, true);
  check.pointer("x", x, r.in).pointer("y", y, r.out);
  if (!check.failed() && r.out > 0) kernels().pool->avg_pool(y, x, r.shape, p->count_include_pad != 0);
  return check.status();
}

fastcnn_status fastcnn_avg_pool2d_dx(const fastcnn_pool2d* p, const float* dy, float* dx) {
  Check check("avg_pool2d_dx");
  Plan r = plan(check, p);
  check.pointer("dy", dy, r.out).pointer("dx", dx, r.in);
  if (!check.failed() && r.in > 0) kernels().pool->avg_pool_dx(dx, dy, r.shape, p->count_include_pad != 0);
  return check.status();
}

fastcnn_status fastcnn_global_pool_workspace(int64_t n, int64_t pixels, int64_t c, size_t* bytes) {
  Check check("global_pool_workspace");
  check.count("x", {n, pixels, c});
  check.range("h * w", pixels, 1, INT32_MAX).pointer("bytes", bytes);
  if (check.failed()) return check.status();
  *bytes = partials_bytes(n, pixels, c);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_global_avg_pool(int64_t n, int64_t pixels, int64_t c, const float* x, float* y, void* workspace,
                                       size_t workspace_bytes) {
  return global_pool("global_avg_pool", kernels().pool->global_avg, n, pixels, c, x, y, workspace, workspace_bytes);
}

fastcnn_status fastcnn_global_max_pool(int64_t n, int64_t pixels, int64_t c, const float* x, float* y, void* workspace,
                                       size_t workspace_bytes) {
  return global_pool("global_max_pool", kernels().pool->global_max, n, pixels, c, x, y, workspace, workspace_bytes);
}

fastcnn_status fastcnn_global_avg_pool_dx(int64_t n, int64_t pixels, int64_t c, const float* dy, float* dx) {
  Check check("global_avg_pool_dx");
  check_global(check, n, pixels, c, dx, "dx", dy, "dy");
  if (!check.failed() && n > 0 && c > 0) kernels().pool->global_avg_dx(dx, dy, n, pixels, c);
  return check.status();
}

fastcnn_status fastcnn_global_max_pool_dx(int64_t n, int64_t pixels, int64_t c, const float* dy, const float* x,
                                          float* dx) {
  Check check("global_max_pool_dx");
  check_global(check, n, pixels, c, dx, "dx", dy, "dy");
  check.pointer("x", x, n > 0 ? c : 0);
  if (!check.failed() && n > 0 && c > 0) kernels().pool->global_max_dx(dx, dy, x, n, pixels, c);
  return check.status();
}
