#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// y from x, given y's height and width.
template <class F>
py::array forward(const Input<float>& x, Pair size, const char* size_name, py::handle out, F kernel) {
  if (size.h < 1 || size.w < 1)
    throw py::value_error(std::string(size_name) + " must be at least 1, got (" + std::to_string(size.h) + ", " +
                          std::to_string(size.w) + ")");
  fastcnn_resize2d_sizes p{x.dim(0), x.dim(1), x.dim(2), x.dim(3), size.h, size.w};
  Output<float> y(out, {p.n, p.oh, p.ow, p.c});
  y.apart_from(x);
  run([=] { return kernel(&p, x.data(), y.data()); });
  return y.array();
}

// dx from dy, given x's height and width.
template <class F>
py::array backward(const Input<float>& dy, int64_t n, int64_t h, int64_t w, int64_t c, py::handle out, F kernel) {
  if (dy.dim(0) != n || dy.dim(3) != c)
    throw py::value_error("dy must have shape (" + std::to_string(n) + ", oh, ow, " + std::to_string(c) + "), got " +
                          text(dy.shape()));
  fastcnn_resize2d_sizes p{n, h, w, c, dy.dim(1), dy.dim(2)};
  Output<float> dx(out, {n, h, w, c});
  dx.apart_from(dy);
  run([=] { return kernel(&p, dy.data(), dx.data()); });
  return dx.array();
}

Input<float> images(py::handle value, const char* name) {
  Input<float> x(value, name);
  x.rank(4, "(n, h, w, c)");
  return x;
}

Shape image_shape(py::handle value) {
  Shape shape;
  if (PyTuple_Check(value.ptr()) || PyList_Check(value.ptr()))
    for (py::handle h : py::reinterpret_borrow<py::sequence>(value)) shape.push_back(integer(h, "x_shape"));
  if (shape.size() != 4)
    throw py::value_error("x_shape must be the shape (n, h, w, c) of x, got " +
                          std::string(py::repr(value)).substr(0, 60));
  for (py::ssize_t d : shape)
    if (d < 0) throw py::value_error("x_shape must not be negative, got " + text(shape));
  return shape;
}

fastcnn_interpolation interpolation(py::handle value) {
  return (fastcnn_interpolation)choice(value, "interpolation", {"nearest", "bilinear"});
}

py::array adaptive_avg_pool2d(py::handle x_, py::handle output_size, py::handle out) {
  return forward(images(x_, "x"), pair(output_size, "output_size"), "output_size", out, fastcnn_adaptive_avg_pool2d);
}

py::array adaptive_avg_pool2d_dx(py::handle dy, py::handle x_shape, py::handle out) {
  Shape s = image_shape(x_shape);
  return backward(images(dy, "dy"), s[0], s[1], s[2], s[3], out, fastcnn_adaptive_avg_pool2d_dx);
}

auto resizing(py::handle name) {
  return [f = interpolation(name)](const fastcnn_resize2d_sizes* p, const float* x, float* y) {
    return fastcnn_resize2d(p, f, x, y);
  };
}
auto resizing_dx(py::handle name) {
  return [f = interpolation(name)](const fastcnn_resize2d_sizes* p, const float* dy, float* dx) {
    return fastcnn_resize2d_dx(p, f, dy, dx);
  };
}

py::array resize2d(py::handle x, py::handle size, py::handle name, py::handle out) {
  return forward(images(x, "x"), pair(size, "size"), "size", out, resizing(name));
}

py::array resize2d_dx(py::handle dy, py::handle x_shape, py::handle name, py::handle out) {
  Shape s = image_shape(x_shape);
  return backward(images(dy, "dy"), s[0], s[1], s[2], s[3], out, resizing_dx(name));
}

Pair factors(py::handle value) {
  Pair size = pair(value, "size");
  if (size.h < 1 || size.w < 1 || size.h > INT32_MAX || size.w > INT32_MAX)
    throw py::value_error("size must be factors between 1 and 2147483647, got (" + std::to_string(size.h) + ", " +
                          std::to_string(size.w) + ")");
  return size;
}

py::array upsample2d(py::handle x_, py::handle size, py::handle name, py::handle out) {
  Input<float> x = images(x_, "x");
  Pair by = factors(size), to{0, 0};
  if (__builtin_mul_overflow(x.dim(1), by.h, &to.h) || __builtin_mul_overflow(x.dim(2), by.w, &to.w))
    throw py::value_error("size is too large");
  return forward(x, to, "h and w", out, resizing(name));
}

py::array upsample2d_dx(py::handle dy_, py::handle size, py::handle name, py::handle out) {
  Input<float> dy = images(dy_, "dy");
  Pair by = factors(size);
  if (dy.dim(1) % by.h != 0 || dy.dim(2) % by.w != 0)
    throw py::value_error("dy must have a height and width divisible by size (" + std::to_string(by.h) + ", " +
                          std::to_string(by.w) + "), got " + text(dy.shape()));
  return backward(dy, dy.dim(0), dy.dim(1) / by.h, dy.dim(2) / by.w, dy.dim(3), out, resizing_dx(name));
}

}  // namespace

void bind_resize(py::module_& m) {
  m.def("adaptive_avg_pool2d", adaptive_avg_pool2d);
  m.def("adaptive_avg_pool2d_dx", adaptive_avg_pool2d_dx);
  m.def("resize2d", resize2d);
  m.def("resize2d_dx", resize2d_dx);
  m.def("upsample2d", upsample2d);
  m.def("upsample2d_dx", upsample2d_dx);
}

}  // namespace fastcnn::bind
