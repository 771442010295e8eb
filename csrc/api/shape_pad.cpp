// Padding of any axes in the five modes, and its adjoint.
#include "api/check.h"
#include "api/dims.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

// Checks the call; returns the number of elements of y.
int64_t pad_shape(Check& check, const fastcnn_dims* x_dims, const fastcnn_pad_params* pad, fastcnn_dims* y) {
  count_of(check, "x", x_dims);
  check.pointer("pad", pad);
  if (check.failed()) return 0;
  check.range("mode", pad->mode, 0, FASTCNN_PAD_MODE_COUNT - 1);
  y->rank = x_dims->rank;
  for (int axis = 0; axis < y->rank && !check.failed(); axis++) {
    int64_t n = x_dims->dim[axis], before = pad->before[axis], after = pad->after[axis];
    check.not_negative("paddings", before).not_negative("paddings", after);
    check.that(n > 0 || pad->mode == FASTCNN_PAD_CONSTANT || (before == 0 && after == 0),
               "axis %d is empty: only mode constant can pad it", axis);
    y->dim[axis] = checked_sum(checked_sum(before, after), n);
    check.that(y->dim[axis] >= 0, "paddings of axis %d are too large", axis);
  }
  return check.failed() ? 0 : count_of(check, "y", y);
}

// Axes behind the last padded one become one run.
PadNest pad_nest(const fastcnn_dims& x, const fastcnn_pad_params& pad) {
  PadNest nest;
  nest.rank = x.rank;
  nest.run = 1;
  while (nest.rank > 1 && pad.before[nest.rank - 1] == 0 && pad.after[nest.rank - 1] == 0)
    nest.run *= x.dim[--nest.rank];
  for (int axis = 0; axis < nest.rank; axis++) {
    nest.dim[axis] = x.dim[axis];
    nest.before[axis] = pad.before[axis];
    nest.after[axis] = pad.after[axis];
  }
  if (nest.rank == 0) nest.rank = 1, nest.dim[0] = 1, nest.before[0] = nest.after[0] = 0;
  return nest;
}

bool padded(const PadNest& nest, int axis) { return nest.before[axis] > 0 || nest.after[axis] > 0; }

// What the adjoint holds between two axes: dy folded along the first padded axis is the largest.
int64_t between(const PadNest& nest) {
  int64_t size = nest.run;
  bool first = true;
  int steps = 0;
  for (int axis = 0; axis < nest.rank; axis++) {
    bool fold = padded(nest, axis);
    size *= nest.dim[axis] + (fold && first ? 0 : nest.before[axis] + nest.after[axis]);
    first &= !fold;
    steps += fold;
  }
  return steps > 1 ? size : 0;
}

size_t workspace_of(const PadNest& nest) {
  size_t one = ((size_t)between(nest) * sizeof(float) + 63) / 64 * 64;
  return one ? 2 * one + 64 : 0;  // two in turn, and 64 to align the caller's
}

// The adjoint of padding with a constant, or of none: a slice of dy.
void cut_out(float* dx, const float* dy, const fastcnn_dims& x, const fastcnn_dims& y, const fastcnn_pad_params& pad) {
  int64_t step_x[FASTCNN_MAX_RANK], step_y[FASTCNN_MAX_RANK];
  strides_of(x, step_x);
  strides_of(y, step_y);
  Nest slice;
  for (int axis = 0; axis < y.rank; axis++) {
    dy += pad.before[axis] * step_y[axis];
    slice.add(x.dim[axis], step_x[axis], step_y[axis]);
  }
  slice.close();
  kernels().shape->copy(dx, dy, slice);
}

// The adjoint of the other modes, one padded axis after the other; the last one makes dx. scratch: workspace_of(nest)
// bytes.
void fold(float* dx, const float* dy, const PadNest& nest, fastcnn_pad_mode mode, float* scratch) {
  float* turn[2] = {scratch, scratch + (between(nest) + 15) / 16 * 16};
  int step = 0;
  int64_t outer = 1, inner = nest.run;  // inner: floats behind the axis, which are still padded
  for (int axis = 0; axis < nest.rank; axis++) inner *= nest.before[axis] + nest.dim[axis] + nest.after[axis];
  for (int axis = 0; axis < nest.rank; outer *= nest.dim[axis++]) {
    int64_t n = nest.dim[axis], before = nest.before[axis], after = nest.after[axis];
    inner /= before + n + after;
    if (!padded(nest, axis)) continue;
    float* to = axis == nest.rank - 1 ? dx : turn[step++ % 2];
    kernels().shape->fold_axis(to, dy, outer, n, before, after, inner, mode);
    dy = to;
  }
}

}  // namespace

fastcnn_status fastcnn_pad_output_shape(const fastcnn_dims* x_dims, const fastcnn_pad_params* pad, fastcnn_dims* y) {
  Check check("pad_output_shape");
  check.pointer("y", y);
  if (!check.failed()) pad_shape(check, x_dims, pad, y);
  return check.status();
}

fastcnn_status fastcnn_pad(const fastcnn_dims* x_dims, const fastcnn_pad_params* pad, const float* x, float* y) {
  Check check("pad");
  fastcnn_dims shape;
  int64_t size = pad_shape(check, x_dims, pad, &shape);
  if (!check.failed()) check.pointer("x", x, count_of(check, "x", x_dims)).pointer("y", y, size);
  if (check.failed() || size == 0) return check.status();
  if (count_of(check, "x", x_dims) == 0)
    kernels().shape->fill(y, pad->value, size);
  else
    kernels().shape->pad(y, x, pad_nest(*x_dims, *pad), pad->mode, pad->value);
  return FASTCNN_OK;
}

fastcnn_status fastcnn_pad_backward_workspace(const fastcnn_dims* x_dims, const fastcnn_pad_params* pad,
                                              size_t* bytes) {
  Check check("pad_backward_workspace");
  fastcnn_dims shape;
  pad_shape(check, x_dims, pad, &shape);
  check.pointer("bytes", bytes);
  if (!check.failed()) *bytes = workspace_of(pad_nest(*x_dims, *pad));
  return check.status();
}

fastcnn_status fastcnn_pad_backward(const fastcnn_dims* x_dims, const fastcnn_pad_params* pad, const float* dy,
                                    float* dx, void* workspace, size_t workspace_bytes) {
  Check check("pad_backward");
  fastcnn_dims shape;
  int64_t size = pad_shape(check, x_dims, pad, &shape), x_size = check.failed() ? 0 : count_of(check, "x", x_dims);
  check.pointer("dy", dy, size).pointer("dx", dx, x_size);
  if (check.failed() || x_size == 0) return check.status();
  PadNest nest = pad_nest(*x_dims, *pad);
  if (pad->mode == FASTCNN_PAD_CONSTANT || !padded(nest, nest.rank - 1)) {
    cut_out(dx, dy, *x_dims, shape, *pad);
    return FASTCNN_OK;
  }
  Workspace scratch("pad_backward", workspace, workspace_bytes, workspace_of(nest));
  if (scratch.status() != FASTCNN_OK) return scratch.status();
  fold(dx, dy, nest, pad->mode, (float*)scratch.data());
  return FASTCNN_OK;
}
