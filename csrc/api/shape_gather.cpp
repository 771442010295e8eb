// Repetition, gathered rows, one-hot rows, bytes to floats. Indices are checked here, before any of them is used.
#include "api/check.h"
#include "api/dims.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

int64_t tile_shape(Check& check, const fastcnn_dims* x_dims, const int64_t* repeats, fastcnn_dims* y) {
  count_of(check, "x", x_dims);
  check.pointer("repeats", repeats, check.failed() ? 0 : x_dims->rank);
  if (check.failed()) return 0;
  y->rank = x_dims->rank;
  for (int axis = 0; axis < y->rank && !check.failed(); axis++) {
    check.not_negative("repeats", repeats[axis]);
    y->dim[axis] = checked_product(x_dims->dim[axis], repeats[axis]);
    check.that(y->dim[axis] >= 0, "repeats of axis %d are too large", axis);
  }
  return check.failed() ? 0 : count_of(check, "y", y);
}

int64_t repeat_shape(Check& check, const fastcnn_dims* x_dims, int64_t repeats, int axis, fastcnn_dims* y) {
  count_of(check, "x", x_dims);
  if (!check.failed()) check.range("axis", axis, 0, x_dims->rank - 1).not_negative("repeats", repeats);
  if (check.failed()) return 0;
  *y = *x_dims;
  y->dim[axis] = checked_product(y->dim[axis], repeats);
  check.that(y->dim[axis] >= 0, "repeats are too large");
  return check.failed() ? 0 : count_of(check, "y", y);
}

void check_indices(Check& check, const char* name, const int64_t* indices, int64_t count, int64_t limit) {
  for (int64_t i = 0; i < count && !check.failed(); i++)
    if (indices[i] < 0 || indices[i] >= limit)
      check.that(false, "%s must be between 0 and %lld, got %lld at %lld", name, (long long)limit - 1,
                 (long long)indices[i], (long long)i);
}

}  // namespace

fastcnn_status fastcnn_tile_output_shape(const fastcnn_dims* x_dims, const int64_t* repeats, fastcnn_dims* y) {
  Check check("tile_output_shape");
  check.pointer("y", y);
  if (!check.failed()) tile_shape(check, x_dims, repeats, y);
  return check.status();
}

fastcnn_status fastcnn_tile(const fastcnn_dims* x_dims, const int64_t* repeats, const float* x, float* y) {
  Check check("tile");
  fastcnn_dims shape;
  int64_t size = tile_shape(check, x_dims, repeats, &shape);
  check.pointer("x", x, size).pointer("y", y, size);
  if (check.failed() || size == 0) return check.status();
  int64_t step_x[FASTCNN_MAX_RANK], step_y[FASTCNN_MAX_RANK];
  strides_of(*x_dims, step_x);
  strides_of(shape, step_y);
  Nest nest;
  for (int axis = 0; axis < x_dims->rank; axis++) {
    nest.add(repeats[axis], step_y[axis] * x_dims->dim[axis], 0);
    nest.add(x_dims->dim[axis], step_y[axis], step_x[axis]);
  }
  nest.close();
  kernels().shape->copy(y, x, nest);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_repeat_output_shape(const fastcnn_dims* x_dims, int64_t repeats, int axis, fastcnn_dims* y) {
  Check check("repeat_output_shape");
  check.pointer("y", y);
  if (!check.failed()) repeat_shape(check, x_dims, repeats, axis, y);
  return check.status();
}

fastcnn_status fastcnn_repeat(const fastcnn_dims* x_dims, int64_t repeats, int axis, const float* x, float* y) {
  Check check("repeat");
  fastcnn_dims shape;
  int64_t size = repeat_shape(check, x_dims, repeats, axis, &shape);
  check.pointer("x", x, size).pointer("y", y, size);
  if (check.failed() || size == 0) return check.status();
  int64_t step_x[FASTCNN_MAX_RANK], step_y[FASTCNN_MAX_RANK];
  strides_of(*x_dims, step_x);
  strides_of(shape, step_y);
  Nest nest;
  for (int i = 0; i < x_dims->rank; i++) {
    nest.add(x_dims->dim[i], step_y[i] * (i == axis ? repeats : 1), step_x[i]);
    if (i == axis) nest.add(repeats, step_y[i], 0);
  }
  nest.close();
  kernels().shape->copy(y, x, nest);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_take_rows(int64_t rows, int64_t width, int64_t count, const int64_t* indices, const float* x,
                                 float* y) {
  Check check("take_rows");
  int64_t x_size = check.count("x", {rows, width}), y_size = check.count("y", {count, width});
  check.pointer("indices", indices, count).pointer("x", x, y_size ? x_size : 0).pointer("y", y, y_size);
  if (!check.failed()) check_indices(check, "indices", indices, count, rows);
  if (!check.failed() && y_size > 0) kernels().shape->take_rows(y, x, indices, count, width);
  return check.status();
}

fastcnn_status fastcnn_one_hot(int64_t count, int64_t depth, const int64_t* labels, float* y) {
  Check check("one_hot");
  check.positive("depth", depth);
  int64_t size = check.count("y", {count, depth});
  check.pointer("labels", labels, count).pointer("y", y, size);
  if (!check.failed()) check_indices(check, "labels", labels, count, depth);
  if (!check.failed() && size > 0) kernels().shape->one_hot(y, labels, count, depth);
  return check.status();
}

fastcnn_status fastcnn_from_uint8(int64_t size, float scale, float offset, const uint8_t* x, float* y) {
  Check check("from_uint8");
  check.finite("scale", scale).finite("offset", offset).not_negative("size", size);
  check.pointer("x", x, size).pointer("y", y, size);
  if (!check.failed() && size > 0) kernels().shape->from_uint8(y, x, size, scale, offset);
  return check.status();
}
