#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// A convolution over 1 or 2 axes; the one axis of the first counts as columns of a single row.
struct Geometry {
  bool line;
  fastcnn_depthwise2d p{};
  int64_t oh = 0, ow = 0;

  Geometry(bool one_axis, const Shape& x, const Shape& w, py::handle strides, py::handle padding_, py::handle dilation)
      : line(one_axis) {
    size_t at = line ? 0 : 1;
    p.n = x[0], p.h = line ? 1 : x[1], p.w = x[at + 1], p.c = x[at + 2];
    p.kh = line ? 1 : w[0], p.kw = w[at], p.multiplier = w[at + 2];
    check_filter(w, line ? "(kernel, c, m)" : "(kh, kw, c, m)");
    if (w[at + 1] != p.c)
      throw py::value_error("w must have the input channels of x, " + std::to_string(p.c) + ", got " +
                            std::to_string(w[at + 1]) + " in shape " + text(w));
    Pair s = line ? Pair{1, integer(strides, "strides")} : pair(strides, "strides");
    Pair d = line ? Pair{1, integer(dilation, "dilation")} : pair(dilation, "dilation");
    p.stride_h = s.h, p.stride_w = s.w, p.dilation_h = d.h, p.dilation_w = d.w;
    pad(padding_);
    check(fastcnn_depthwise_conv2d_output_shape(&p, &oh, &ow));
  }

  Shape shape(int64_t h, int64_t w, int64_t c) const { return line ? Shape{p.n, w, c} : Shape{p.n, h, w, c}; }
  Shape y() const { return shape(oh, ow, p.c * p.multiplier); }
  Shape bias() const { return {p.c * p.multiplier}; }

 private:
  void pad(py::handle value) {
    if (line && !PyUnicode_Check(value.ptr())) {
      Pair ends = pair(value, "padding");
      p.left = ends.h, p.right = ends.w;
      return;
    }
    Padding given = padding(value);
    p.top = given.top, p.bottom = given.bottom, p.left = given.left, p.right = given.right;
    if (!given.same) return;
    same_padding(p.h, p.kh, p.stride_h, p.dilation_h, &p.top, &p.bottom);
    same_padding(p.w, p.kw, p.stride_w, p.dilation_w, &p.left, &p.right);
  }
};

const char* image_dims(bool line) { return line ? "(n, length, c)" : "(n, h, w, c)"; }
const char* filter_dims(bool line) { return line ? "(kernel, c, m)" : "(kh, kw, c, m)"; }
const char* result_dims(bool line) { return line ? "(n, length, c * m)" : "(n, oh, ow, c * m)"; }

Shape sizes(py::handle value, const char* name, bool line, const char* dims) {
  size_t rank = line ? 3 : 4;
  if (!(PyTuple_Check(value.ptr()) || PyList_Check(value.ptr())) || (size_t)PySequence_Size(value.ptr()) != rank)
    throw py::value_error(std::string(name) + " must be a tuple " + dims + ", got " +
                          std::string(py::repr(value)).substr(0, 80));
  Shape shape;
  for (py::handle size : py::reinterpret_borrow<py::sequence>(value)) {
    shape.push_back(integer(size, name));
    if (shape.back() < 0)
      throw py::value_error(std::string(name) + " must not hold negative sizes, got " +
                            std::string(py::repr(value)).substr(0, 80));
  }
  return shape;
}

template <bool kLine>
py::array forward(py::handle x_, py::handle w_, py::handle bias_, py::handle strides, py::handle padding,
                  py::handle dilation, py::handle name, py::handle out, py::handle residual_, py::handle alpha) {
  Input<float> x(x_, "x"), w(w_, "w");
  x.rank(kLine ? 3 : 4, image_dims(kLine)), w.rank(kLine ? 3 : 4, filter_dims(kLine));
  Geometry g(kLine, x.shape(), w.shape(), strides, padding, dilation);
  auto bias = Input<float>::optional(bias_, "bias"), residual = Input<float>::optional(residual_, "residual");
  bias.shaped(g.bias()), residual.shaped(g.y());
  fastcnn_epilogue end{bias.data(), residual.data(), activation(name), 1, nullptr};
  if (end.activation == FASTCNN_LEAKY_RELU) end.alpha = 0.01f;
  if (!alpha.is_none()) end.alpha = (float)real(alpha, "alpha");
  Output<float> y(out, g.y());
  y.apart_from(x).apart_from(w).apart_from(bias).apart_from(residual, true);
  run([=] { return fastcnn_depthwise_conv2d(&g.p, x.data(), w.data(), &end, y.data()); });
  return y.array();
}

template <bool kLine>
py::array dx(py::handle dy_, py::handle w_, py::handle x_shape, py::handle strides, py::handle padding,
             py::handle dilation, py::handle out) {
  Input<float> dy(dy_, "dy"), w(w_, "w");
  dy.rank(kLine ? 3 : 4, result_dims(kLine)), w.rank(kLine ? 3 : 4, filter_dims(kLine));
  Shape shape = sizes(x_shape, "x_shape", kLine, image_dims(kLine));
  Geometry g(kLine, shape, w.shape(), strides, padding, dilation);
  dy.shaped(g.y());
  Output<float> result(out, shape);
  result.apart_from(dy).apart_from(w);
  run([=] { return fastcnn_depthwise_conv2d_dx(&g.p, dy.data(), w.data(), result.data()); });
  return result.array();
}

template <bool kLine>
py::array dw(py::handle x_, py::handle dy_, py::handle w_shape, py::handle strides, py::handle padding,
             py::handle dilation, py::handle out) {
  Input<float> x(x_, "x"), dy(dy_, "dy");
  x.rank(kLine ? 3 : 4, image_dims(kLine)), dy.rank(kLine ? 3 : 4, result_dims(kLine));
  Shape shape = sizes(w_shape, "w_shape", kLine, filter_dims(kLine));
  Geometry g(kLine, x.shape(), shape, strides, padding, dilation);
  dy.shaped(g.y());
  Output<float> result(out, shape);
  result.apart_from(x).apart_from(dy);
  run([=] { return fastcnn_depthwise_conv2d_dw(&g.p, x.data(), dy.data(), result.data(), nullptr, 0); });
  return result.array();
}

// The sums over every axis but the last.
py::array db(py::handle dy_, py::handle out) {
  Input<float> dy(dy_, "dy");
  if (dy.ndim() < 1) throw py::value_error("dy must have at least 1 dimension, got shape ()");
  fastcnn_depthwise2d p{1, 1, 1, dy.dim(dy.ndim() - 1), 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
  p.w = p.c ? dy.size() / p.c : 0;
  if (p.w == 0) p.n = 0, p.w = 1;
  Output<float> result(out, {p.c});
  result.apart_from(dy);
  run([=] { return fastcnn_depthwise_conv2d_db(&p, dy.data(), result.data(), nullptr, 0); });
  return result.array();
}

template <bool kLine>
void bind_axes(py::module_& m, const std::string& name) {
  using py::arg;
  m.def(name.c_str(), forward<kLine>, arg("x"), arg("w"), arg("bias"), arg("strides"), arg("padding"), arg("dilation"),
        arg("activation"), arg("out"), arg("residual") = py::none(), arg("alpha") = py::none());
  m.def((name + "_dx").c_str(), dx<kLine>, arg("dy"), arg("w"), arg("x_shape"), arg("strides"), arg("padding"),
        arg("dilation"), arg("out"));
  m.def((name + "_dw").c_str(), dw<kLine>, arg("x"), arg("dy"), arg("w_shape"), arg("strides"), arg("padding"),
        arg("dilation"), arg("out"));
}

}  // namespace

void bind_depthwise(py::module_& m) {
  bind_axes<false>(m, "depthwise_conv2d");
  bind_axes<true>(m, "depthwise_conv1d");
  m.def("depthwise_conv_db", db, py::arg("dy"), py::arg("out"));
}

}  // namespace fastcnn::bind
