// Python shapes -> fastcnn_dims and back.
#pragma once
#include "bind/array.h"
#include "fastcnn/shape.h"

namespace fastcnn::bind {

inline fastcnn_dims dims_from(const Shape& shape, const char* name) {
  if (shape.size() > FASTCNN_MAX_RANK)
    throw py::value_error(std::string(name) + " must have at most " + std::to_string(FASTCNN_MAX_RANK) +
                          " dimensions, got shape " + text(shape));
  fastcnn_dims dims;
  dims.rank = (int)shape.size();
  for (size_t i = 0; i < shape.size(); i++) dims.dim[i] = shape[i];
  return dims;
}

template <class T>
fastcnn_dims dims_of(const Input<T>& x) {
  return dims_from(x.shape(), x.name());
}

inline Shape shape_of(const fastcnn_dims& dims) { return Shape(dims.dim, dims.dim + dims.rank); }

// One axis of an array, negative from the end.
inline int axis_of(py::handle value, int ndim, const char* name = "axis") {
  int64_t axis = integer(value, name);
  if (axis < -ndim || axis >= ndim)
    throw py::value_error(std::string(name) + " must be between " + std::to_string(-ndim) + " and " +
                          std::to_string(ndim - 1) + ", got " + std::to_string(axis));
  return (int)(axis < 0 ? axis + ndim : axis);
}

// None or any axes as a bit mask.
inline uint32_t axis_mask(py::handle value, int ndim, const char* name = "axis") {
  uint32_t mask = 0;
  for (int axis : axes(value, ndim, name)) mask |= 1u << axis;
  return mask;
}

}  // namespace fastcnn::bind
