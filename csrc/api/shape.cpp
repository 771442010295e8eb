// Copies described by nests: slices, transpositions, flips, repetition; concatenation; gathered rows.
#include "fastcnn/shape.h"

#include "api/check.h"
#include "api/dims.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

// Copies over a nest whose y is contiguous, the way that suits its innermost axis.
void copy(float* y, const float* x, Nest& nest) {
  if (nest.size == 0) return;
  nest.close();
  bool across = false;
  for (int axis = 0; axis < nest.rank - 1; axis++) across |= nest.stride[1][axis] == 1;
  int64_t inner = nest.stride[1][nest.rank - 1];
  if (across && inner > 1)
    kernels().shape->transpose(y, x, nest);
  else
    kernels().shape->copy(y, x, nest);
}

// One axis of a slice in Python's terms -> its first element and how many.
void slice_axis(int64_t n, int64_t begin, int64_t end, int64_t stride, int64_t* first, int64_t* count) {
  int64_t low = stride > 0 ? 0 : -1, high = stride > 0 ? n : n - 1;
  int64_t bounds[2] = {begin, end};
  for (int64_t& b : bounds) {
    if (b < 0) b = b < -n ? low : b + n;
    b = b < low ? low : b > high ? high : b;
  }
  *first = bounds[0];
  int64_t distance = stride > 0 ? bounds[1] - bounds[0] : bounds[0] - bounds[1];
  uint64_t step = stride > 0 ? (uint64_t)stride : 0 - (uint64_t)stride;
  *count = distance <= 0 ? 0 : (int64_t)(((uint64_t)distance - 1) / step + 1);
}

// The output of a slice and its nest: stride[0] the sliced array's, stride[1] the large one's, *offset its start there.
Nest slice_nest(Check& check, const fastcnn_dims* x_dims, const fastcnn_slice_params* slice, fastcnn_dims* y,
                int64_t* offset) {
  Nest nest;
  count_of(check, "x", x_dims);
  check.pointer("slice", slice);
  *offset = 0;
  if (check.failed()) return nest;
  int64_t first[FASTCNN_MAX_RANK], step_x[FASTCNN_MAX_RANK], step_y[FASTCNN_MAX_RANK];
  y->rank = x_dims->rank;
  for (int axis = 0; axis < y->rank; axis++) {
    check.that(slice->stride[axis] != 0, "strides must not be 0, got it for axis %d", axis);
    if (check.failed()) return nest;
    slice_axis(x_dims->dim[axis], slice->begin[axis], slice->end[axis], slice->stride[axis], &first[axis],
               &y->dim[axis]);
  }
  strides_of(*x_dims, step_x);
  strides_of(*y, step_y);
  for (int axis = 0; axis < y->rank; axis++) {
    int64_t n = y->dim[axis];
    *offset += n > 0 ? first[axis] * step_x[axis] : 0;
    nest.add(n, step_y[axis], n > 1 ? slice->stride[axis] * step_x[axis] : 0);  // n > 1: the stride is below x's size
  }
  nest.close();
  return nest;
}

Nest transpose_nest(Check& check, const fastcnn_dims* x_dims, const int* axes, fastcnn_dims* y) {
  Nest nest;
  count_of(check, "x", x_dims);
  check.pointer("axes", axes, check.failed() ? 0 : x_dims->rank);
  if (check.failed()) return nest;
  uint32_t seen = 0;
  y->rank = x_dims->rank;
  for (int i = 0; i < y->rank; i++) {
    check.range("axes", axes[i], 0, y->rank - 1);
    if (check.failed()) return nest;
    check.that(!(seen >> axes[i] & 1), "axes must not name axis %d twice", axes[i]);
    seen |= 1u << axes[i];
    y->dim[i] = x_dims->dim[axes[i]];
  }
  int64_t step_x[FASTCNN_MAX_RANK], step_y[FASTCNN_MAX_RANK];
  strides_of(*x_dims, step_x);
  strides_of(*y, step_y);
  for (int i = 0; i < y->rank; i++) nest.add(y->dim[i], step_y[i], step_x[axes[i]]);
  return nest;
}

// Shapes of x must agree but for the axis; before and after: the products of the dims around it.
int64_t concat_shape(Check& check, int count, const fastcnn_dims* x_dims, int axis, fastcnn_dims* y, int64_t* outer,
                     int64_t* inner) {
  check.range("the number of arrays", count, 1, INT32_MAX).pointer("x_dims", x_dims);
  if (check.failed()) return 0;
  count_of(check, "x[0]", x_dims);
  if (!check.failed()) check.range("axis", axis, 0, x_dims->rank - 1);
  if (check.failed()) return 0;
  *y = *x_dims;
  for (int k = 1; k < count && !check.failed(); k++) {
    count_of(check, "an array", x_dims + k);
    if (check.failed()) return 0;
    bool fits = x_dims[k].rank == y->rank;
    for (int i = 0; i < y->rank && fits; i++) fits = i == axis || x_dims[k].dim[i] == y->dim[i];
    check.that(fits, "array %d of shape %s does not fit array 0 of shape %s beside axis %d", k,
               ShapeText(x_dims[k]).text, ShapeText(x_dims[0]).text, axis);
    if (check.failed()) return 0;
    y->dim[axis] = checked_sum(y->dim[axis], x_dims[k].dim[axis]);
  }
  *outer = *inner = 1;
  int64_t size = count_of(check, "y", y);
  if (size > 0)
    for (int i = 0; i < y->rank; i++) *(i < axis ? outer : inner) *= i == axis ? 1 : y->dim[i];
  return size;
}

}  // namespace

fastcnn_status fastcnn_concat_output_shape(int count, const fastcnn_dims* x_dims, int axis, fastcnn_dims* y) {
  Check check("concat_output_shape");
  int64_t outer, inner;
  check.pointer("y", y);
  if (!check.failed()) concat_shape(check, count, x_dims, axis, y, &outer, &inner);
  return check.status();
}

fastcnn_status fastcnn_concat(int count, const fastcnn_dims* x_dims, const float* const* x, int axis, float* y) {
  Check check("concat");
  fastcnn_dims shape;
  int64_t outer, inner, size = concat_shape(check, count, x_dims, axis, &shape, &outer, &inner);
  check.pointer("x", x).pointer("y", y, size);
  for (int k = 0; k < count && !check.failed(); k++)
    check.pointer("an array", x[k], size == 0 ? 0 : x_dims[k].dim[axis]);
  if (check.failed() || size == 0) return check.status();
  Workspace widths("concat", nullptr, 0, (size_t)count * sizeof(int64_t));
  if (widths.status() != FASTCNN_OK) return widths.status();
  int64_t* width = (int64_t*)widths.data();
  for (int k = 0; k < count; k++) width[k] = x_dims[k].dim[axis] * inner;
  kernels().shape->concat(y, x, width, count, outer, shape.dim[axis] * inner);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_slice_output_shape(const fastcnn_dims* x_dims, const fastcnn_slice_params* slice,
                                          fastcnn_dims* y) {
  Check check("slice_output_shape");
  int64_t offset;
  check.pointer("y", y);
  if (!check.failed()) slice_nest(check, x_dims, slice, y, &offset);
  return check.status();
}

fastcnn_status fastcnn_slice(const fastcnn_dims* x_dims, const fastcnn_slice_params* slice, const float* x, float* y) {
  Check check("slice");
  fastcnn_dims shape;
  int64_t offset;
  Nest nest = slice_nest(check, x_dims, slice, &shape, &offset);
  if (!check.failed()) check.pointer("x", x, nest.size).pointer("y", y, nest.size);
  if (!check.failed() && nest.size > 0) kernels().shape->copy(y, x + offset, nest);
  return check.status();
}

fastcnn_status fastcnn_slice_backward(const fastcnn_dims* x_dims, const fastcnn_slice_params* slice, const float* dy,
                                      float* dx) {
  Check check("slice_backward");
  fastcnn_dims shape;
  int64_t offset;
  Nest nest = slice_nest(check, x_dims, slice, &shape, &offset);
  int64_t size = check.failed() ? 0 : count_of(check, "x", x_dims);
  if (!check.failed()) check.pointer("dy", dy, nest.size).pointer("dx", dx, size);
  if (check.failed() || size == 0) return check.status();
  if (nest.size < size) kernels().shape->fill(dx, 0, size);
  if (nest.size == 0) return FASTCNN_OK;
  for (int axis = 0; axis < nest.rank; axis++) {  // now dx is what is written
    int64_t step = nest.stride[0][axis];
    nest.stride[0][axis] = nest.stride[1][axis];
    nest.stride[1][axis] = step;
  }
  kernels().shape->copy(dx + offset, dy, nest);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_transpose_output_shape(const fastcnn_dims* x_dims, const int* axes, fastcnn_dims* y) {
  Check check("transpose_output_shape");
  check.pointer("y", y);
  if (!check.failed()) transpose_nest(check, x_dims, axes, y);
  return check.status();
}

fastcnn_status fastcnn_transpose(const fastcnn_dims* x_dims, const int* axes, const float* x, float* y) {
  Check check("transpose");
  fastcnn_dims shape;
  Nest nest = transpose_nest(check, x_dims, axes, &shape);
  if (!check.failed()) check.pointer("x", x, nest.size).pointer("y", y, nest.size);
  if (!check.failed()) copy(y, x, nest);
  return check.status();
}

fastcnn_status fastcnn_flip(const fastcnn_dims* x_dims, uint32_t axes, const float* x, float* y) {
  Check check("flip");
  int64_t size = count_of(check, "x", x_dims);
  if (!check.failed())
    check.that(axes >> x_dims->rank == 0, "axes must be a mask of x's %d axes, got 0x%x", x_dims->rank, axes);
  check.pointer("x", x, size).pointer("y", y, size);
  if (check.failed() || size == 0) return check.status();
  int64_t step[FASTCNN_MAX_RANK], offset = 0;
  strides_of(*x_dims, step);
  Nest nest;
  for (int axis = 0; axis < x_dims->rank; axis++) {
    bool turned = axes >> axis & 1;
    if (turned) offset += (x_dims->dim[axis] - 1) * step[axis];
    nest.add(x_dims->dim[axis], step[axis], turned ? -step[axis] : step[axis]);
  }
  copy(y, x + offset, nest);
  return FASTCNN_OK;
}
