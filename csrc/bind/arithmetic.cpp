#include "bind/dims.h"
#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

struct Operands {
  Input<float> a, b;
  fastcnn_dims a_dims, b_dims, y_dims;
  Operands(py::handle a_, py::handle b_, const char* a_name, const char* b_name)
      : a(a_, a_name), b(b_, b_name), a_dims(dims_of(a)), b_dims(dims_of(b)) {
    if (fastcnn_broadcast_shape(&a_dims, &b_dims, &y_dims) != FASTCNN_OK)
      throw py::value_error(std::string(a_name) + " of shape " + text(a.shape()) + " and " + b_name + " of shape " +
                            text(b.shape()) + " cannot be broadcast together");
  }
};

template <class T>
void keep_apart(Output<T>& y, const Input<float>& x, bool in_place) {
  y.apart_from(x, in_place);
}

py::array binary(int op, py::handle a, py::handle b, py::handle out) {
  Operands o(a, b, "x1", "x2");
  Output<float> y(out, shape_of(o.y_dims));
  if (!out.is_none()) {
    keep_apart(y, o.a, o.a.shape() == shape_of(o.y_dims));
    keep_apart(y, o.b, o.b.shape() == shape_of(o.y_dims));
  }
  run([=] { return fastcnn_binary((fastcnn_binary_op)op, &o.a_dims, o.a.data(), &o.b_dims, o.b.data(), y.data()); });
  return y.array();
}

py::array add_scaled(py::handle a, py::handle b, Real32<"scale"> scale, py::handle out) {
  Operands o(a, b, "x1", "x2");
  Output<float> y(out, shape_of(o.y_dims));
  if (!out.is_none()) {
    keep_apart(y, o.a, o.a.shape() == shape_of(o.y_dims));
    keep_apart(y, o.b, o.b.shape() == shape_of(o.y_dims));
  }
  run([=] { return fastcnn_add_scaled(scale, &o.a_dims, o.a.data(), &o.b_dims, o.b.data(), y.data()); });
  return y.array();
}

py::array compare(int op, py::handle a, py::handle b, py::handle out) {
  Operands o(a, b, "x1", "x2");
  Output<bool> y(out, shape_of(o.y_dims));
  if (!out.is_none()) {
    keep_apart(y, o.a, false);
    keep_apart(y, o.b, false);
  }
  run([=] {
    return fastcnn_compare((fastcnn_compare_op)op, &o.a_dims, o.a.data(), &o.b_dims, o.b.data(),
                           reinterpret_cast<uint8_t*>(y.data()));
  });
  return y.array();
}

py::array where(py::handle condition_, py::handle a_, py::handle b_, py::handle out) {
  Input<bool> condition(condition_, "condition");
  Operands o(a_, b_, "x1", "x2");
  fastcnn_dims condition_dims = dims_of(condition), shape;
  check(fastcnn_broadcast_shape(&condition_dims, &o.y_dims, &shape));
  Output<float> y(out, shape_of(shape));
  if (!out.is_none()) {
    keep_apart(y, o.a, o.a.shape() == shape_of(shape));
    keep_apart(y, o.b, o.b.shape() == shape_of(shape));
    if (py::module_::import("numpy").attr("may_share_memory")(y.array(), condition.array()).cast<bool>())
      throw py::value_error("out must not share memory with condition");
  }
  run([=] {
    return fastcnn_where(&condition_dims, reinterpret_cast<const uint8_t*>(condition.data()), &o.a_dims, o.a.data(),
                         &o.b_dims, o.b.data(), y.data());
  });
  return y.array();
}

py::array unary(int op, py::handle x_, py::handle out) {
  Input<float> x(x_, "x");
  Output<float> y(out, x.shape());
  y.apart_from(x, true);
  run([=] { return fastcnn_unary((fastcnn_unary_op)op, x.size(), x.data(), y.data()); });
  return y.array();
}

py::array clip(py::handle x_, Real32<"x_min"> low, Real32<"x_max"> high, py::handle out) {
  Input<float> x(x_, "x");
  Output<float> y(out, x.shape());
  y.apart_from(x, true);
  run([=] { return fastcnn_clip(low, high, x.size(), x.data(), y.data()); });
  return y.array();
}

// The shape of a reduction's result: without the reduced axes, or with them as 1.
Shape reduced(const fastcnn_dims& dims, uint32_t axes, bool keepdims) {
  Shape shape;
  for (int axis = 0; axis < dims.rank; axis++)
    if (!(axes >> axis & 1))
      shape.push_back(dims.dim[axis]);
    else if (keepdims)
      shape.push_back(1);
  return shape;
}

py::array reduce(int op, py::handle x_, py::handle axis, Flag<"keepdims"> keepdims, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x);
  uint32_t axes = axis_mask(axis, dims.rank);
  Output<float> y(out, reduced(dims, axes, keepdims));
  y.apart_from(x);
  run([=] { return fastcnn_reduce((fastcnn_reduce_op)op, &dims, axes, x.data(), y.data(), nullptr, 0); });
  return y.array();
}

py::array count(int op, py::handle x_, py::handle axis, Flag<"keepdims"> keepdims) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x);
  uint32_t axes = axis_mask(axis, dims.rank);
  Output<int64_t> y(reduced(dims, axes, keepdims));
  run([=] { return fastcnn_count((fastcnn_count_op)op, &dims, axes, x.data(), y.data(), nullptr, 0); });
  return y.array();
}

py::array arg(Flag<"largest"> largest, py::handle x_, py::handle axis_, Flag<"keepdims"> keepdims) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x), flat = dims;
  if (axis_.is_none()) flat.rank = 1, flat.dim[0] = x.size();
  int axis = axis_.is_none() ? 0 : axis_of(axis_, dims.rank);
  Output<int64_t> y(reduced(dims, axis_.is_none() ? (1u << dims.rank) - 1 : 1u << axis, keepdims));
  run([=] { return (largest ? fastcnn_argmax : fastcnn_argmin)(&flat, axis, x.data(), y.data()); });
  return y.array();
}

// Integers as floats: NumPy's cast, for programs.
py::array to_float(py::handle x_) {
  Input<int64_t> x(x_, "x");
  Output<float> y(x.shape());
  run([size = x.size(), from = x.data(), to = y.data()] {
    for (int64_t i = 0; i < size; i++) to[i] = (float)from[i];
    return FASTCNN_OK;
  });
  return y.array();
}

py::array unbroadcast(py::handle dy_, py::handle shape_, py::handle out) {
  Input<float> dy(dy_, "dy");
  Shape shape;
  if (PyTuple_Check(shape_.ptr()) || PyList_Check(shape_.ptr()))
    for (py::handle n : py::reinterpret_borrow<py::sequence>(shape_)) shape.push_back(integer(n, "shape"));
  else
    shape.push_back(integer(shape_, "shape"));
  fastcnn_dims dy_dims = dims_of(dy), dx_dims = dims_from(shape, "shape");
  size_t bytes;
  check(fastcnn_unbroadcast_workspace(&dy_dims, &dx_dims, &bytes));
  Output<float> dx(out, shape);
  dx.apart_from(dy);
  run([=] { return fastcnn_unbroadcast(&dy_dims, dy.data(), &dx_dims, dx.data(), nullptr, 0); });
  return dx.array();
}

}  // namespace

void bind_arithmetic(py::module_& m) {
  m.def("binary", binary, py::arg("op"), py::arg("x1"), py::arg("x2"), py::arg("out"));
  m.def("add_scaled", add_scaled, py::arg("x1"), py::arg("x2"), py::arg("scale"), py::arg("out"));
  m.def("compare", compare, py::arg("op"), py::arg("x1"), py::arg("x2"), py::arg("out"));
  m.def("where", where, py::arg("condition"), py::arg("x1"), py::arg("x2"), py::arg("out"));
  m.def("unary", unary, py::arg("op"), py::arg("x"), py::arg("out"));
  m.def("clip", clip, py::arg("x"), py::arg("x_min"), py::arg("x_max"), py::arg("out"));
  m.def("reduce", reduce, py::arg("op"), py::arg("x"), py::arg("axis"), py::arg("keepdims"), py::arg("out"));
  m.def("count", count, py::arg("op"), py::arg("x"), py::arg("axis"), py::arg("keepdims"));
  m.def("to_float", to_float, py::arg("x"));
  m.def("arg", arg, py::arg("largest"), py::arg("x"), py::arg("axis"), py::arg("keepdims"));
  m.def("unbroadcast", unbroadcast, py::arg("dy"), py::arg("shape"), py::arg("out"));
}

}  // namespace fastcnn::bind
