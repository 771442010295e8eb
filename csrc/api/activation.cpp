#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

fastcnn_status fastcnn_activate(fastcnn_activation f, float alpha, int64_t size, const float* x, float* y) {
  Check check("activate");
  check.range("activation", f, 0, FASTCNN_ACTIVATION_COUNT - 1).not_negative("size", size);
  check.pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().activation->forward(y, x, size, f, alpha);
  return check.status();
}
