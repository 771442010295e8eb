#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

fastcnn_status fastcnn_activate(fastcnn_activation f, float alpha, int64_t size, const float* x, float* y) {
  Check check("activate");
  check.range("activation", f, 0, FASTCNN_ACTIVATION_COUNT - 1).not_negative("size", size).finite("alpha", alpha);
  check.pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().activation->forward(y, x, size, f, alpha);
  return check.status();
}

fastcnn_status fastcnn_activate_backward(fastcnn_activation f, float alpha, int64_t size, const float* dy,
                                         const float* x, float* dx) {
  Check check("activate_backward");
  check.range("activation", f, 0, FASTCNN_ACTIVATION_COUNT - 1).not_negative("size", size).finite("alpha", alpha);
  check.pointer("dy", dy, size).pointer("x", x, size).pointer("dx", dx, size);
  if (!check.failed() && size > 0) kernels().activation->backward(dx, dy, x, size, f, alpha);
  return check.status();
}

fastcnn_status fastcnn_elementary(fastcnn_function f, int64_t size, const float* x, float* y) {
  Check check("elementary");
  check.range("function", f, 0, FASTCNN_FUNCTION_COUNT - 1).not_negative("size", size);
  check.pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().activation->elementary(y, x, size, f);
  return check.status();
}

fastcnn_status fastcnn_prelu(int64_t rows, int64_t c, const float* x, const float* alpha, float* y) {
  Check check("prelu");
  int64_t size = check.count("x", {rows, c});
  check.pointer("x", x, size).pointer("alpha", alpha, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().activation->prelu(y, x, alpha, rows, c);
  return check.status();
}

namespace {

// With room to align a caller's workspace.
size_t prelu_bytes(int64_t rows, int64_t c) {
  return sizeof(float) * (size_t)kernels().activation->prelu_scratch(rows, c) + 64;
}

}  // namespace

fastcnn_status fastcnn_prelu_backward_workspace(int64_t rows, int64_t c, size_t* bytes) {
  Check check("prelu_backward_workspace");
  int64_t size = check.count("x", {rows, c});
  check.pointer("bytes", bytes);
  if (!check.failed()) *bytes = size > 0 ? prelu_bytes(rows, c) : 0;
  return check.status();
}

fastcnn_status fastcnn_prelu_backward(int64_t rows, int64_t c, const float* dy, const float* x, const float* alpha,
                                      float* dx, float* dalpha, void* workspace, size_t workspace_bytes) {
  Check check("prelu_backward");
  int64_t size = check.count("x", {rows, c});
  check.pointer("dy", dy, size).pointer("x", x, size).pointer("alpha", alpha, size).pointer("dx", dx, size);
  check.pointer("dalpha", dalpha, c);
  if (check.failed()) return check.status();
  if (size == 0) {
    for (int64_t i = 0; i < c; i++) dalpha[i] = 0;
    return FASTCNN_OK;
  }
  Workspace scratch("prelu_backward", workspace, workspace_bytes, prelu_bytes(rows, c));
  if (scratch.status() == FASTCNN_OK)
    kernels().activation->prelu_backward(dx, dalpha, dy, x, alpha, (float*)scratch.data(), rows, c);
  return scratch.status();
}

fastcnn_status fastcnn_softmax(int logarithm, int64_t outer, int64_t c, int64_t inner, const float* x, float* y) {
  Check check("softmax");
  int64_t size = check.count("x", {outer, c, inner});
  check.pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().softmax->forward(y, x, outer, c, inner, logarithm != 0);
  return check.status();
}

fastcnn_status fastcnn_softmax_backward(int logarithm, int64_t outer, int64_t c, int64_t inner, const float* dy,
                                        const float* y, float* dx) {
  Check check("softmax_backward");
  int64_t size = check.count("y", {outer, c, inner});
  check.pointer("dy", dy, size).pointer("y", y, size).pointer("dx", dx, size);
  if (!check.failed() && size > 0) kernels().softmax->backward(dx, dy, y, outer, c, inner, logarithm != 0);
  return check.status();
}

namespace {

// The backward kernel numbers pieces in 32 bits.
int64_t maxout_size(Check& check, int64_t outer, int64_t units, int64_t pieces, int64_t inner) {
  check.range("pieces", pieces, 1, INT32_MAX);
  return check.count("x", {outer, units, pieces, inner});
}

}  // namespace

fastcnn_status fastcnn_maxout(int64_t outer, int64_t units, int64_t pieces, int64_t inner, const float* x, float* y) {
  Check check("maxout");
  int64_t size = maxout_size(check, outer, units, pieces, inner);
  check.pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().activation->maxout(y, x, outer, units, pieces, inner);
  return check.status();
}

fastcnn_status fastcnn_maxout_backward(int64_t outer, int64_t units, int64_t pieces, int64_t inner, const float* dy,
                                       const float* x, float* dx) {
  Check check("maxout_backward");
  int64_t size = maxout_size(check, outer, units, pieces, inner);
  check.pointer("dy", dy, size).pointer("x", x, size).pointer("dx", dx, size);
  if (!check.failed() && size > 0) kernels().activation->maxout_backward(dx, dy, x, outer, units, pieces, inner);
  return check.status();
}
