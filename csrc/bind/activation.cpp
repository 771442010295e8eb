#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// What surrounds one axis: (outer, size, inner).
struct Split {
  int axis;
  int64_t outer = 1, size, inner = 1;
};

template <class T>
Split around(const Input<T>& x, py::handle axis_) {
  if (x.ndim() == 0) throw py::value_error(std::string(x.name()) + " must have at least 1 dimension, got a scalar");
  int64_t axis = integer(axis_, "axis");
  if (axis < -x.ndim() || axis >= x.ndim())
    throw py::value_error("axis must be between " + std::to_string(-x.ndim()) + " and " + std::to_string(x.ndim() - 1) +
                          ", got " + std::to_string(axis));
  Split s;
  s.axis = (int)(axis < 0 ? axis + x.ndim() : axis);
  s.size = x.dim(s.axis);
  for (int i = 0; i < s.axis; i++) s.outer *= x.dim(i);
  for (int i = s.axis + 1; i < x.ndim(); i++) s.inner *= x.dim(i);
  return s;
}

py::array activate(py::handle x_, py::handle name, Real32<"alpha"> alpha, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_activation f = activation(name);
  Output<float> y(out, x.shape());
  y.apart_from(x, true);
  float* to = y.data();
  run([=] { return fastcnn_activate(f, alpha, x.size(), x.data(), to); });
  return y.array();
}

py::array activate_dx(py::handle dy_, py::handle x_, py::handle name, Real32<"alpha"> alpha, py::handle out) {
  Input<float> x(x_, "x"), dy(dy_, "dy");
  dy.shaped(x.shape());
  fastcnn_activation f = activation(name);
  Output<float> dx(out, x.shape());
  dx.apart_from(x, true).apart_from(dy, true);
  float* to = dx.data();
  run([=] { return fastcnn_activate_backward(f, alpha, x.size(), dy.data(), x.data(), to); });
  return dx.array();
}

py::array elementary(py::handle x_, py::handle name, py::handle out) {
  Input<float> x(x_, "x");
  auto f = (fastcnn_function)choice(name, "function", {"exp", "expm1", "log", "log1p", "erf"});
  Output<float> y(out, x.shape());
  y.apart_from(x, true);
  float* to = y.data();
  run([=] { return fastcnn_elementary(f, x.size(), x.data(), to); });
  return y.array();
}

int64_t channels(const Input<float>& x) {
  if (x.ndim() == 0) throw py::value_error("x must have at least 1 dimension, got a scalar");
  return x.dim(x.ndim() - 1);
}

int64_t rows_of(const Input<float>& x) {
  int64_t rows = 1;
  for (int i = 0; i + 1 < x.ndim(); i++) rows *= x.dim(i);
  return rows;
}

py::array prelu(py::handle x_, py::handle alpha_, py::handle out) {
  Input<float> x(x_, "x"), alpha(alpha_, "alpha");
  int64_t c = channels(x), rows = rows_of(x);
  alpha.shaped({c});
  Output<float> y(out, x.shape());
  y.apart_from(x, true).apart_from(alpha);
  float* to = y.data();
  run([=] { return fastcnn_prelu(rows, c, x.data(), alpha.data(), to); });
  return y.array();
}

py::tuple prelu_backward(py::handle dy_, py::handle x_, py::handle alpha_) {
  Input<float> dy(dy_, "dy"), x(x_, "x"), alpha(alpha_, "alpha");
  int64_t c = channels(x), rows = rows_of(x);
  alpha.shaped({c});
  dy.shaped(x.shape());
  Output<float> dx(x.shape()), dalpha({c});
  float *to = dx.data(), *to_alpha = dalpha.data();
  run([=] { return fastcnn_prelu_backward(rows, c, dy.data(), x.data(), alpha.data(), to, to_alpha, nullptr, 0); });
  return py::make_tuple(dx.array(), dalpha.array());
}

py::array softmax(py::handle x_, py::handle axis, Flag<"logarithm"> logarithm, py::handle out) {
  Input<float> x(x_, "x");
  Split s = around(x, axis);
  Output<float> y(out, x.shape());
  y.apart_from(x, true);
  float* to = y.data();
  run([=] { return fastcnn_softmax(logarithm, s.outer, s.size, s.inner, x.data(), to); });
  return y.array();
}

py::array softmax_dx(py::handle dy_, py::handle y_, py::handle axis, Flag<"logarithm"> logarithm, py::handle out) {
  Input<float> dy(dy_, "dy"), y(y_, "y");
  dy.shaped(y.shape());
  Split s = around(y, axis);
  Output<float> dx(out, y.shape());
  dx.apart_from(dy, true).apart_from(y);
  float* to = dx.data();
  run([=] { return fastcnn_softmax_backward(logarithm, s.outer, s.size, s.inner, dy.data(), y.data(), to); });
  return dx.array();
}

// num_units as the number of groups of x's axis.
int64_t pieces_of(const Split& s, int64_t units) {
  if (units < 1 || s.size < units || s.size % units != 0)
    throw py::value_error("num_units must divide the axis, which has size " + std::to_string(s.size) + ", got " +
                          std::to_string(units));
  return s.size / units;
}

py::array maxout(py::handle x_, py::handle num_units, py::handle axis) {
  Input<float> x(x_, "x");
  Split s = around(x, axis);
  int64_t units = integer(num_units, "num_units"), pieces = pieces_of(s, units);
  Shape shape = x.shape();
  shape[s.axis] = units;
  Output<float> y(shape);
  float* to = y.data();
  run([=] { return fastcnn_maxout(s.outer, units, pieces, s.inner, x.data(), to); });
  return y.array();
}

py::array maxout_dx(py::handle dy_, py::handle x_, py::handle num_units, py::handle axis) {
  Input<float> dy(dy_, "dy"), x(x_, "x");
  Split s = around(x, axis);
  int64_t units = integer(num_units, "num_units"), pieces = pieces_of(s, units);
  Shape shape = x.shape();
  shape[s.axis] = units;
  dy.shaped(shape);
  Output<float> dx(x.shape());
  float* to = dx.data();
  run([=] { return fastcnn_maxout_backward(s.outer, units, pieces, s.inner, dy.data(), x.data(), to); });
  return dx.array();
}

}  // namespace

void bind_activation(py::module_& m) {
  using py::arg;
  m.def("activate", activate, arg("x"), arg("activation"), arg("alpha"), arg("out"));
  m.def("activate_dx", activate_dx, arg("dy"), arg("x"), arg("activation"), arg("alpha"), arg("out"));
  m.def("elementary", elementary, arg("x"), arg("function"), arg("out"));
  m.def("prelu", prelu, arg("x"), arg("alpha"), arg("out"));
  m.def("prelu_backward", prelu_backward, arg("dy"), arg("x"), arg("alpha"));
  m.def("softmax", softmax, arg("x"), arg("axis"), arg("logarithm"), arg("out"));
  m.def("softmax_dx", softmax_dx, arg("dy"), arg("y"), arg("axis"), arg("logarithm"), arg("out"));
  m.def("maxout", maxout, arg("x"), arg("num_units"), arg("axis"));
  m.def("maxout_dx", maxout_dx, arg("dy"), arg("x"), arg("num_units"), arg("axis"));
}

}  // namespace fastcnn::bind
