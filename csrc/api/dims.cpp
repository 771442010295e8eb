#include "api/dims.h"

#include <stdio.h>

namespace fastcnn {

int64_t count_of(Check& check, const char* name, const fastcnn_dims* dims, int64_t element_bytes) {
  char what[48];
  snprintf(what, sizeof what, "the shape of %s", name);
  check.pointer(what, dims);
  if (check.failed()) return 0;
  snprintf(what, sizeof what, "the rank of %s", name);
  check.range(what, dims->rank, 0, FASTCNN_MAX_RANK);
  return check.failed() ? 0 : check.count(name, dims->dim, dims->rank, element_bytes);
}

ShapeText::ShapeText(const fastcnn_dims& dims) {
  int used = snprintf(text, sizeof text, "(");
  for (int i = 0; i < dims.rank && used < (int)sizeof text - 24; i++)
    used += snprintf(text + used, sizeof text - (size_t)used, i ? ", %lld" : "%lld", (long long)dims.dim[i]);
  snprintf(text + used, sizeof text - (size_t)used, dims.rank == 1 ? ",)" : ")");
}

void broadcast_shapes(Check& check, const char* a_name, const fastcnn_dims& a, const char* b_name,
                      const fastcnn_dims& b, fastcnn_dims* y) {
  y->rank = a.rank > b.rank ? a.rank : b.rank;
  for (int axis = 0; axis < y->rank; axis++) {
    int i = axis - (y->rank - a.rank), j = axis - (y->rank - b.rank);
    int64_t p = i < 0 ? 1 : a.dim[i], q = j < 0 ? 1 : b.dim[j];
    if (p != q && p != 1 && q != 1)
      check.that(false, "%s of shape %s and %s of shape %s cannot be broadcast together", a_name, ShapeText(a).text,
                 b_name, ShapeText(b).text);
    y->dim[axis] = p == 1 ? q : p;
  }
}

Nest broadcast_nest(const fastcnn_dims& y, const fastcnn_dims* const* operands, int count) {
  int64_t stride[Nest::kArrays][FASTCNN_MAX_RANK] = {};
  for (int k = 0; k < count; k++) {
    int64_t step = 1;
    for (int axis = operands[k]->rank - 1, to = y.rank - 1; axis >= 0; axis--, to--) {
      if (operands[k]->dim[axis] != 1) stride[k][to] = step;
      step *= operands[k]->dim[axis];
    }
  }
  Nest nest;
  for (int axis = 0; axis < y.rank; axis++) nest.add(y.dim[axis], stride[0][axis], stride[1][axis], stride[2][axis]);
  nest.close();
  return nest;
}

void strides_of(const fastcnn_dims& dims, int64_t* stride) {
  int64_t step = 1;
  for (int axis = dims.rank - 1; axis >= 0; axis--) {
    stride[axis] = step;
    step *= dims.dim[axis];
  }
}

}  // namespace fastcnn
