#include "api/check.h"
#include "api/dims.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

// Checks two operands and an output; the nest is worth running where it returns true.
bool prepare(Check& check, const fastcnn_dims* a_dims, const float* a, const fastcnn_dims* b_dims, const float* b,
             const void* y, Nest* nest) {
  int64_t a_size = count_of(check, "a", a_dims), b_size = count_of(check, "b", b_dims);
  if (check.failed()) return false;
  fastcnn_dims shape;
  broadcast_shapes(check, "a", *a_dims, "b", *b_dims, &shape);
  if (check.failed()) return false;
  int64_t size = count_of(check, "y", &shape);
  check.pointer("a", a, a_size).pointer("b", b, b_size).pointer("y", y, size);
  if (check.failed() || size == 0) return false;
  const fastcnn_dims* operands[] = {a_dims, b_dims};
  *nest = broadcast_nest(shape, operands, 2);
  return true;
}

}  // namespace

fastcnn_status fastcnn_broadcast_shape(const fastcnn_dims* a, const fastcnn_dims* b, fastcnn_dims* y) {
  Check check("broadcast_shape");
  count_of(check, "a", a);
  count_of(check, "b", b);
  check.pointer("y", y);
  if (!check.failed()) broadcast_shapes(check, "a", *a, "b", *b, y);
  if (!check.failed()) count_of(check, "y", y);
  return check.status();
}

fastcnn_status fastcnn_binary(fastcnn_binary_op op, const fastcnn_dims* a_dims, const float* a,
                              const fastcnn_dims* b_dims, const float* b, float* y) {
  Check check("binary");
  check.range("op", op, 0, FASTCNN_BINARY_COUNT - 1);
  Nest nest;
  if (!prepare(check, a_dims, a, b_dims, b, y, &nest)) return check.status();
  if (op == FASTCNN_BINARY_POWER && b[0] == 2 && count_of(check, "b", b_dims) == 1)
    kernels().arithmetic->unary(y, a, nest.size, FASTCNN_UNARY_SQUARE);  // the commonest power, at memory speed
  else
    kernels().arithmetic->binary(y, a, b, nest, op);
  return check.status();
}

fastcnn_status fastcnn_add_scaled(float scale, const fastcnn_dims* a_dims, const float* a, const fastcnn_dims* b_dims,
                                  const float* b, float* y) {
  Check check("add_scaled");
  Nest nest;
  if (prepare(check, a_dims, a, b_dims, b, y, &nest)) kernels().arithmetic->add_scaled(y, a, b, nest, scale);
  return check.status();
}

fastcnn_status fastcnn_compare(fastcnn_compare_op op, const fastcnn_dims* a_dims, const float* a,
                               const fastcnn_dims* b_dims, const float* b, uint8_t* y) {
  Check check("compare");
  check.range("op", op, 0, FASTCNN_COMPARE_COUNT - 1);
  Nest nest;
  if (prepare(check, a_dims, a, b_dims, b, y, &nest)) kernels().arithmetic->compare(y, a, b, nest, op);
  return check.status();
}

fastcnn_status fastcnn_where(const fastcnn_dims* condition_dims, const uint8_t* condition, const fastcnn_dims* a_dims,
                             const float* a, const fastcnn_dims* b_dims, const float* b, float* y) {
  Check check("where");
  int64_t flags = count_of(check, "condition", condition_dims, 1);
  int64_t a_size = count_of(check, "a", a_dims), b_size = count_of(check, "b", b_dims);
  if (check.failed()) return check.status();
  fastcnn_dims both, shape;
  broadcast_shapes(check, "a", *a_dims, "b", *b_dims, &both);
  if (!check.failed()) broadcast_shapes(check, "condition", *condition_dims, "the choices", both, &shape);
  if (check.failed()) return check.status();
  int64_t size = count_of(check, "y", &shape);
  check.pointer("condition", condition, flags).pointer("a", a, a_size).pointer("b", b, b_size).pointer("y", y, size);
  if (check.failed() || size == 0) return check.status();
  const fastcnn_dims* operands[] = {condition_dims, a_dims, b_dims};
  kernels().arithmetic->where(y, condition, a, b, broadcast_nest(shape, operands, 3));
  return FASTCNN_OK;
}

fastcnn_status fastcnn_unary(fastcnn_unary_op op, int64_t size, const float* x, float* y) {
  Check check("unary");
  check.range("op", op, 0, FASTCNN_UNARY_COUNT - 1).not_negative("size", size);
  check.pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().arithmetic->unary(y, x, size, op);
  return check.status();
}

fastcnn_status fastcnn_clip(float low, float high, int64_t size, const float* x, float* y) {
  Check check("clip");
  check.that(low <= high, "x_min must not exceed x_max, got %g and %g", (double)low, (double)high);
  check.not_negative("size", size).pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().arithmetic->clip(y, x, size, low, high);
  return check.status();
}
