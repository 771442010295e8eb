// Reductions of any axes in terms of the kernels' (outer, r, inner). Reduced axes that are not neighbours are first
// brought to the end by a transposition.
#include "api/check.h"
#include "api/dims.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

struct Reduction {
  ReduceShape shape;
  fastcnn_dims output;
  int64_t size = 0, outputs = 0;
  bool scattered = false;       // the axes are not neighbours
  int order[FASTCNN_MAX_RANK];  // kept axes, then reduced ones
};

Reduction reduction_of(Check& check, const fastcnn_dims* dims, uint32_t axes) {
  Reduction r;
  r.size = count_of(check, "x", dims);
  if (check.failed()) return r;
  check.that(axes >> dims->rank == 0, "axes must be a mask of x's %d axes, got 0x%x", dims->rank, axes);
  if (check.failed()) return r;
  int64_t kept = 1, reduced = 1, before = 1, after = 1;  // before and after the first reduced axis
  bool seen = false, closed = false;
  int kept_axes = 0, reduced_axes = 0;
  r.output.rank = 0;
  for (int axis = 0; axis < dims->rank; axis++) {
    int64_t n = dims->dim[axis];
    if (axes >> axis & 1) {
      r.scattered |= closed && n != 1;
      seen |= n != 1;
      reduced *= n;
      reduced_axes++;
    } else {
      r.output.dim[r.output.rank++] = n;
      closed |= seen && n != 1;
      kept *= n;
      (seen ? after : before) *= n;
    }
  }
  for (int axis = 0; axis < dims->rank; axis++)
    r.order[axes >> axis & 1 ? dims->rank - reduced_axes-- : kept_axes++] = axis;
  r.outputs = count_of(check, "y", &r.output, 8);
  r.shape = r.scattered ? ReduceShape{kept, reduced, 1} : ReduceShape{before, reduced, after};
  return r;
}

size_t rounded(size_t bytes) { return (bytes + 63) / 64 * 64; }

// The parts of a reduction's scratch: x in another order, the centers, the kernel's own.
struct Layout {
  size_t copy = 0, center = 0, own = 0;
  size_t bytes() const { return copy + center + own ? copy + center + own + 64 : 0; }  // 64: to align the caller's
};
Layout layout_of(const Reduction& r, Fold fold) {
  Layout l;
  if (r.outputs == 0) return l;
  if (r.scattered) l.copy = rounded((size_t)r.size * 4);
  if (fold == Fold::moments) l.center = rounded((size_t)r.outputs * 4);
  l.own = rounded(kernels().reduce->scratch(r.shape, fold));
  return l;
}

// Both scratch and result for any fold.
fastcnn_status run(const char* name, Check& check, const fastcnn_dims* dims, uint32_t axes, Fold fold, Finish finish,
                   const float* x, void* y, void* workspace, size_t workspace_bytes) {
  Reduction r = reduction_of(check, dims, axes);
  check.pointer("x", x, r.size).pointer("y", y, r.outputs);
  if (fold == Fold::max || fold == Fold::min)
    check.that(r.size > 0 || r.outputs == 0,
               "x must not be empty along the reduced axes: there is no largest of nothing");
  if (check.failed() || r.outputs == 0) return check.status();
  Layout layout = layout_of(r, fold);
  Workspace scratch(name, workspace, workspace_bytes, layout.bytes());
  if (scratch.status() != FASTCNN_OK) return scratch.status();
  const float* from = r.size > 0 ? x : (const float*)y;  // never read where x is empty
  if (r.scattered && r.size > 0) {
    fastcnn_status status = fastcnn_transpose(dims, r.order, x, (float*)scratch.data());
    if (status != FASTCNN_OK) return status;
    from = (const float*)scratch.data();
  }
  float* center = fold == Fold::moments ? (float*)(scratch.data() + layout.copy) : nullptr;
  char* own = scratch.data() + layout.copy + layout.center;
  if (center) kernels().reduce->reduce(center, from, nullptr, own, r.shape, Fold::sum, Finish::mean);
  kernels().reduce->reduce(y, from, center, own, r.shape, fold, finish);
  return FASTCNN_OK;
}

struct Steps {
  Fold fold;
  Finish finish;
};
const Steps steps[] = {
    {Fold::sum, Finish::value},    {Fold::sum, Finish::mean},         {Fold::max, Finish::value},
    {Fold::min, Finish::value},    {Fold::product, Finish::value},    {Fold::squares, Finish::value},
    {Fold::squares, Finish::root}, {Fold::moments, Finish::variance}, {Fold::moments, Finish::deviation}};
static_assert(sizeof steps / sizeof steps[0] == FASTCNN_REDUCE_COUNT, "one row for each operation");

Fold fold_of(fastcnn_count_op op) { return op == FASTCNN_COUNT_NONZERO ? Fold::nonzero : Fold::nonfinite; }

fastcnn_status scratch_bytes(Check& check, const fastcnn_dims* dims, uint32_t axes, Fold fold, size_t* bytes) {
  Reduction r = reduction_of(check, dims, axes);
  check.pointer("bytes", bytes);
  if (!check.failed()) *bytes = layout_of(r, fold).bytes();
  return check.status();
}

fastcnn_status arg(const char* name, const fastcnn_dims* dims, int axis, const float* x, int64_t* y, bool largest) {
  Check check(name);
  count_of(check, "x", dims);
  if (!check.failed()) check.range("axis", axis, 0, dims->rank - 1);
  if (check.failed()) return check.status();
  Reduction r = reduction_of(check, dims, 1u << axis);
  check.pointer("x", x, r.size).pointer("y", y, r.outputs);
  int64_t n = dims->dim[axis];
  check.that(n > 0 || r.outputs == 0, "x must not be empty along the axis: there is no largest of nothing");
  check.that(n <= INT32_MAX, "the axis must have at most 2^31 - 1 elements, got %lld", (long long)n);
  if (!check.failed() && r.outputs > 0) kernels().reduce->arg(y, x, r.shape, largest);
  return check.status();
}

// The axes of dy that dx was repeated along.
uint32_t repeated_axes(Check& check, const fastcnn_dims* dy_dims, const fastcnn_dims* dx_dims) {
  count_of(check, "dy", dy_dims);
  count_of(check, "dx", dx_dims);
  if (check.failed()) return 0;
  uint32_t axes = 0;
  int lead = dy_dims->rank - dx_dims->rank;
  bool fits = lead >= 0;
  for (int axis = 0; axis < dy_dims->rank && fits; axis++) {
    int64_t n = axis < lead ? 1 : dx_dims->dim[axis - lead];
    fits = n == 1 || n == dy_dims->dim[axis];
    if (axis < lead || n != dy_dims->dim[axis]) axes |= 1u << axis;
  }
  check.that(fits, "dx of shape %s does not broadcast to dy of shape %s", ShapeText(*dx_dims).text,
             ShapeText(*dy_dims).text);
  return axes;
}

}  // namespace

fastcnn_status fastcnn_reduce_output_shape(const fastcnn_dims* dims, uint32_t axes, fastcnn_dims* y) {
  Check check("reduce_output_shape");
  Reduction r = reduction_of(check, dims, axes);
  check.pointer("y", y);
  if (!check.failed()) *y = r.output;
  return check.status();
}

fastcnn_status fastcnn_reduce_workspace(fastcnn_reduce_op op, const fastcnn_dims* dims, uint32_t axes, size_t* bytes) {
  Check check("reduce_workspace");
  check.range("op", op, 0, FASTCNN_REDUCE_COUNT - 1);
  return check.failed() ? check.status() : scratch_bytes(check, dims, axes, steps[op].fold, bytes);
}

fastcnn_status fastcnn_reduce(fastcnn_reduce_op op, const fastcnn_dims* dims, uint32_t axes, const float* x, float* y,
                              void* workspace, size_t workspace_bytes) {
  Check check("reduce");
  check.range("op", op, 0, FASTCNN_REDUCE_COUNT - 1);
  if (check.failed()) return check.status();
  return run("reduce", check, dims, axes, steps[op].fold, steps[op].finish, x, y, workspace, workspace_bytes);
}

fastcnn_status fastcnn_count_workspace(fastcnn_count_op op, const fastcnn_dims* dims, uint32_t axes, size_t* bytes) {
  Check check("count_workspace");
  check.range("op", op, 0, FASTCNN_COUNT_COUNT - 1);
  return check.failed() ? check.status() : scratch_bytes(check, dims, axes, fold_of(op), bytes);
}

fastcnn_status fastcnn_count(fastcnn_count_op op, const fastcnn_dims* dims, uint32_t axes, const float* x, int64_t* y,
                             void* workspace, size_t workspace_bytes) {
  Check check("count");
  check.range("op", op, 0, FASTCNN_COUNT_COUNT - 1);
  if (check.failed()) return check.status();
  return run("count", check, dims, axes, fold_of(op), Finish::count, x, y, workspace, workspace_bytes);
}

fastcnn_status fastcnn_argmax(const fastcnn_dims* dims, int axis, const float* x, int64_t* y) {
  return arg("argmax", dims, axis, x, y, true);
}
fastcnn_status fastcnn_argmin(const fastcnn_dims* dims, int axis, const float* x, int64_t* y) {
  return arg("argmin", dims, axis, x, y, false);
}

fastcnn_status fastcnn_unbroadcast_workspace(const fastcnn_dims* dy_dims, const fastcnn_dims* dx_dims, size_t* bytes) {
  Check check("unbroadcast_workspace");
  uint32_t axes = repeated_axes(check, dy_dims, dx_dims);
  return check.failed() ? check.status() : scratch_bytes(check, dy_dims, axes, Fold::sum, bytes);
}

fastcnn_status fastcnn_unbroadcast(const fastcnn_dims* dy_dims, const float* dy, const fastcnn_dims* dx_dims, float* dx,
                                   void* workspace, size_t workspace_bytes) {
  Check check("unbroadcast");
  uint32_t axes = repeated_axes(check, dy_dims, dx_dims);
  if (check.failed()) return check.status();
  return run("unbroadcast", check, dy_dims, axes, Fold::sum, Finish::value, dy, dx, workspace, workspace_bytes);
}
