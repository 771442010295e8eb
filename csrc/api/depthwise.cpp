#include <string.h>

#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

constexpr size_t kAlign = 64;  // a caller's workspace may start anywhere

struct Counts {
  int64_t x, filter, y;
};

// The output size along one axis; 0 once the check has failed.
int64_t output_size(Check& check, const char* cells, int64_t size, int64_t before, int64_t after, int64_t kernel,
                    int64_t stride, int64_t dilation) {
  if (check.failed()) return 0;
  int64_t padded = checked_sum(checked_sum(size, before), after);
  int64_t reach = checked_sum(checked_product(kernel - 1, dilation), 1);
  check.that(padded >= 0, "padding is out of range: %lld and %lld %s", (long long)before, (long long)after, cells);
  check.that(reach >= 0, "dilation is out of range: %lld for a kernel of %lld %s", (long long)dilation,
             (long long)kernel, cells);
  check.that(reach <= padded, "the kernel must fit the padded x: it spans %lld %s, x has %lld with its padding",
             (long long)reach, cells, (long long)padded);
  return check.failed() ? 0 : (padded - reach) / stride + 1;
}

// Sizes are checked for the padded x too, so that no offset in the kernels can overflow.
Depthwise2d geometry(Check& check, const fastcnn_depthwise2d* p, Counts* counts) {
  check.pointer("params", p);
  if (check.failed()) return {};
  check.not_negative("n", p->n).not_negative("h", p->h).not_negative("w", p->w).not_negative("c", p->c);
  check.positive("multiplier", p->multiplier).positive("kernel height", p->kh).positive("kernel width", p->kw);
  check.positive("strides", p->stride_h).positive("strides", p->stride_w);
  check.positive("dilation", p->dilation_h).positive("dilation", p->dilation_w);
  check.not_negative("padding", p->top).not_negative("padding", p->bottom);
  check.not_negative("padding", p->left).not_negative("padding", p->right);
  int64_t oh = output_size(check, "rows", p->h, p->top, p->bottom, p->kh, p->stride_h, p->dilation_h);
  int64_t ow = output_size(check, "columns", p->w, p->left, p->right, p->kw, p->stride_w, p->dilation_w);
  if (check.failed()) return {};
  counts->x = check.count("x", {p->n, p->h, p->w, p->c});
  counts->filter = check.count("w", {p->kh, p->kw, p->c, p->multiplier});
  counts->y = check.count("the result", {p->n, oh, ow, p->c, p->multiplier});
  check.count("the padded x", {p->n, p->h + p->top + p->bottom, p->w + p->left + p->right, p->c});
  if (check.failed()) return {};
  return {p->n, p->h,        p->w,        p->c,          p->multiplier, p->kh,  p->kw,  oh,
          ow,   p->stride_h, p->stride_w, p->dilation_h, p->dilation_w, p->top, p->left};
}

size_t with_room(size_t bytes) { return bytes ? bytes + kAlign : 0; }

}  // namespace

fastcnn_status fastcnn_depthwise_conv2d_output_shape(const fastcnn_depthwise2d* params, int64_t* oh, int64_t* ow) {
  Check check("depthwise_conv2d_output_shape");
  Counts counts{};
  Depthwise2d d = geometry(check, params, &counts);
  check.pointer("oh", oh).pointer("ow", ow);
  if (!check.failed()) *oh = d.oh, *ow = d.ow;
  return check.status();
}

fastcnn_status fastcnn_depthwise_conv2d(const fastcnn_depthwise2d* params, const float* x, const float* filter,
                                        const fastcnn_epilogue* epilogue, float* y) {
  Check check("depthwise_conv2d");
  Counts counts{};
  Depthwise2d d = geometry(check, params, &counts);
  fastcnn_epilogue end{};
  if (epilogue) end = *epilogue;
  check.that(!end.gate, "gate must be NULL: depthwise convolutions have none");
  check.range("activation", end.activation, 0, FASTCNN_ACTIVATION_COUNT - 1).finite("alpha", end.alpha);
  check.pointer("x", x, counts.x).pointer("w", filter, counts.filter).pointer("y", y, counts.y);
  if (!check.failed() && counts.y > 0) kernels().depthwise->forward(y, x, filter, d, end);
  return check.status();
}

fastcnn_status fastcnn_depthwise_conv2d_dx(const fastcnn_depthwise2d* params, const float* dy, const float* filter,
                                           float* dx) {
  Check check("depthwise_conv2d_dx");
  Counts counts{};
  Depthwise2d d = geometry(check, params, &counts);
  check.pointer("dy", dy, counts.y).pointer("w", filter, counts.filter).pointer("dx", dx, counts.x);
  if (!check.failed() && counts.x > 0) kernels().depthwise->dx(dx, dy, filter, d);
  return check.status();
}

fastcnn_status fastcnn_depthwise_conv2d_dw(const fastcnn_depthwise2d* params, const float* x, const float* dy,
                                           float* dw, void* workspace, size_t workspace_bytes) {
  Check check("depthwise_conv2d_dw");
  Counts counts{};
  Depthwise2d d = geometry(check, params, &counts);
  check.pointer("x", x, counts.x).pointer("dy", dy, counts.y).pointer("dw", dw, counts.filter);
  if (check.failed() || counts.filter == 0) return check.status();
  if (counts.y == 0) {
    memset(dw, 0, (size_t)counts.filter * sizeof(float));
    return FASTCNN_OK;
  }
  Workspace scratch("depthwise_conv2d_dw", workspace, workspace_bytes, with_room(kernels().depthwise->dw_bytes(d)));
  if (scratch.status() == FASTCNN_OK) kernels().depthwise->dw(dw, x, dy, d, scratch.data());
  return scratch.status();
}

fastcnn_status fastcnn_depthwise_conv2d_dw_workspace(const fastcnn_depthwise2d* params, size_t* bytes) {
  Check check("depthwise_conv2d_dw_workspace");
  Counts counts{};
  Depthwise2d d = geometry(check, params, &counts);
  check.pointer("bytes", bytes);
  if (!check.failed()) *bytes = counts.y > 0 ? with_room(kernels().depthwise->dw_bytes(d)) : 0;
  return check.status();
}

fastcnn_status fastcnn_depthwise_conv2d_db(const fastcnn_depthwise2d* params, const float* dy, float* db,
                                           void* workspace, size_t workspace_bytes) {
  Check check("depthwise_conv2d_db");
  Counts counts{};
  Depthwise2d d = geometry(check, params, &counts);
  int64_t channels = check.failed() ? 0 : d.c * d.m, pixels = channels > 0 ? counts.y / channels : 0;
  check.pointer("dy", dy, counts.y).pointer("db", db, channels);
  if (check.failed() || channels == 0) return check.status();
  if (pixels == 0) {
    memset(db, 0, (size_t)channels * sizeof(float));
    return FASTCNN_OK;
  }
  size_t bytes = with_room(kernels().depthwise->db_bytes(pixels, channels));
  Workspace scratch("depthwise_conv2d_db", workspace, workspace_bytes, bytes);
  if (scratch.status() == FASTCNN_OK) kernels().depthwise->db(db, dy, pixels, channels, scratch.data());
  return scratch.status();
}

fastcnn_status fastcnn_depthwise_conv2d_db_workspace(const fastcnn_depthwise2d* params, size_t* bytes) {
  Check check("depthwise_conv2d_db_workspace");
  Counts counts{};
  Depthwise2d d = geometry(check, params, &counts);
  check.pointer("bytes", bytes);
  int64_t channels = d.c * d.m;
  if (!check.failed())
    *bytes = counts.y > 0 ? with_room(kernels().depthwise->db_bytes(counts.y / channels, channels)) : 0;
  return check.status();
}
