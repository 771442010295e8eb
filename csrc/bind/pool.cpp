#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// What the poolings share; rank 3, signals (n, w, c), are images of one row.
struct PoolGeometry {
  fastcnn_pool2d p{};
  int rank;
  int64_t oh = 0, ow = 0;
  Shape in, out;
};

// The window's arguments as Python gave them.
struct Arguments {
  py::handle pool_size, strides, padding, dilation;
  bool ceil_mode, count_include_pad;
};

int64_t one(py::handle value, const char* name) {
  if (PyTuple_Check(value.ptr()) && PyTuple_GET_SIZE(value.ptr()) == 1)
    return integer(PyTuple_GET_ITEM(value.ptr(), 0), name);
  return integer(value, name);
}

Pair window_pair(py::handle value, int rank, const char* name, int64_t rows = 1) {
  return rank == 4 ? pair(value, name) : Pair{rows, one(value, name)};
}

// Of a signal: "valid", "same", an int or (left, right).
Padding window_padding(py::handle value, int rank) {
  Padding p = padding(value);
  if (rank == 4 || p.same) return p;
  Padding signal;
  signal.left = p.top;
  signal.right = p.left;
  if (p.top != p.bottom || p.left != p.right)
    throw py::value_error("padding must be 'valid', 'same', an int or (left, right), got " +
                          std::string(py::repr(value)).substr(0, 60));
  return signal;
}

PoolGeometry geometry(const Shape& in, const Arguments& a) {
  PoolGeometry g;
  g.rank = (int)in.size();
  g.in = in;
  int w = g.rank - 2;
  fastcnn_pool2d& p = g.p;
  p.n = in[0], p.h = w == 2 ? in[1] : 1, p.w = in[w], p.c = in[w + 1];
  Pair size = window_pair(a.pool_size, g.rank, "pool_size"), step = size;
  if (!a.strides.is_none()) step = window_pair(a.strides, g.rank, "strides");
  Pair apart = window_pair(a.dilation, g.rank, "dilation");
  p.kh = size.h, p.kw = size.w, p.stride_h = step.h, p.stride_w = step.w;
  p.dilation_h = apart.h, p.dilation_w = apart.w;
  Padding around = window_padding(a.padding, g.rank);
  p.top = around.top, p.bottom = around.bottom, p.left = around.left, p.right = around.right;
  if (around.same) {
    same_padding(p.h, p.kh, p.stride_h, p.dilation_h, &p.top, &p.bottom);
    same_padding(p.w, p.kw, p.stride_w, p.dilation_w, &p.left, &p.right);
  }
  p.ceil_mode = a.ceil_mode && !around.same, p.count_include_pad = a.count_include_pad;
  check(fastcnn_pool2d_output_shape(&p, &g.oh, &g.ow));
  g.out = g.rank == 4 ? Shape{p.n, g.oh, g.ow, p.c} : Shape{p.n, g.ow, p.c};
  return g;
}

const char* dims_of(int rank) { return rank == 4 ? "(n, h, w, c)" : "(n, w, c)"; }

Shape given_shape(py::handle value, int rank, const char* name) {
  Shape shape;
  bool sequence = PyTuple_Check(value.ptr()) || PyList_Check(value.ptr());
  if (sequence)
    for (py::handle h : py::reinterpret_borrow<py::sequence>(value)) shape.push_back(integer(h, name));
  if ((int)shape.size() != rank)
    throw py::value_error(std::string(name) + " must be the shape " + dims_of(rank) + " of x, got " +
                          std::string(py::repr(value)).substr(0, 60));
  for (py::ssize_t d : shape)
    if (d < 0) throw py::value_error(std::string(name) + " must not be negative, got " + text(shape));
  return shape;
}

py::object max_pool(py::handle x_, int rank, py::handle pool_size, py::handle strides, py::handle padding,
                    py::handle dilation, Flag<"ceil_mode"> ceil_mode, Flag<"return_indices"> return_indices,
                    py::handle out) {
  Input<float> x(x_, "x");
  x.rank(rank, dims_of(rank));
  PoolGeometry g = geometry(x.shape(), {pool_size, strides, padding, dilation, ceil_mode, false});
  if (return_indices && g.p.kh * g.p.kw > 256)
    throw py::value_error("return_indices needs a pool_size of at most 256 cells, got " +
                          std::to_string(g.p.kh * g.p.kw));
  if (!return_indices) {
    auto y = Output<float>::channels(out, g.out);
    y.apart_from(x);
    g.p.y_pixel = y.pixel();
    run([=] { return fastcnn_max_pool2d(&g.p, x.data(), y.data(), nullptr); });
    return y.array();
  }
  Output<float> y(out, g.out);
  y.apart_from(x);
  Output<uint8_t> indices(g.out);
  run([=] { return fastcnn_max_pool2d(&g.p, x.data(), y.data(), indices.data()); });
  return py::make_tuple(y.array(), indices.array());
}

// Of activation((x - mean) * scale + shift), with mean, scale and shift the rows of affine.
py::tuple max_pool2d_through(py::handle x_, py::handle affine_, py::handle read_activation, py::handle pool_size,
                             py::handle strides, py::handle padding) {
  Input<float> x(x_, "x");
  x.rank(4, dims_of(4));
  py::int_ one(1);
  PoolGeometry g = geometry(x.shape(), {pool_size, strides, padding, one, false, false});
  Input<float> affine(affine_, "affine");
  affine.shaped({3, g.p.c});
  fastcnn_prologue through{affine.data(), affine.data() + g.p.c, affine.data() + 2 * g.p.c,
                           activation(read_activation)};
  Output<float> y(g.out);
  Output<uint8_t> indices(g.out);
  run([=] {
    (void)affine;  // kept alive
    return fastcnn_max_pool2d_through(&g.p, &through, x.data(), y.data(), indices.data());
  });
  return py::make_tuple(y.array(), indices.array());
}

// x: the input, or its shape where indices are given.
py::array max_pool_dx(py::handle dy_, py::handle x_, int rank, py::handle pool_size, py::handle strides,
                      py::handle padding, py::handle dilation, Flag<"ceil_mode"> ceil_mode, py::handle indices_,
                      py::handle out) {
  auto indices = Input<uint8_t>::optional(indices_, "indices");
  bool by_shape = indices && (PyTuple_Check(x_.ptr()) && (int)PyTuple_GET_SIZE(x_.ptr()) == rank);
  Input<float> x;
  if (!by_shape) x = Input<float>(x_, "x"), x.rank(rank, dims_of(rank));
  Input<float> dy(dy_, "dy");
  Shape shape = by_shape ? given_shape(x_, rank, "x") : x.shape();
  PoolGeometry g = geometry(shape, {pool_size, strides, padding, dilation, ceil_mode, false});
  dy.shaped(g.out);
  indices.shaped(g.out);
  Output<float> dx(out, g.in);
  dx.apart_from(dy).apart_from(x).apart_from(indices);
  run([=] { return fastcnn_max_pool2d_dx(&g.p, dy.data(), indices.data(), x.data(), dx.data(), nullptr, 0); });
  return dx.array();
}

py::array avg_pool(py::handle x_, int rank, py::handle pool_size, py::handle strides, py::handle padding,
                   py::handle dilation, Flag<"ceil_mode"> ceil_mode, Flag<"count_include_pad"> count_include_pad,
                   py::handle out) {
  Input<float> x(x_, "x");
  x.rank(rank, dims_of(rank));
  PoolGeometry g = geometry(x.shape(), {pool_size, strides, padding, dilation, ceil_mode, count_include_pad});
  auto y = Output<float>::channels(out, g.out);
  y.apart_from(x);
  g.p.y_pixel = y.pixel();
  run([=] { return fastcnn_avg_pool2d(&g.p, x.data(), y.data()); });
  return y.array();
}

py::array avg_pool_dx(py::handle dy_, py::handle x_shape, int rank, py::handle pool_size, py::handle strides,
                      py::handle padding, py::handle dilation, Flag<"ceil_mode"> ceil_mode,
                      Flag<"count_include_pad"> count_include_pad, py::handle out) {
  Input<float> dy(dy_, "dy");
  PoolGeometry g = geometry(given_shape(x_shape, rank, "x_shape"),
                            {pool_size, strides, padding, dilation, ceil_mode, count_include_pad});
  dy.shaped(g.out);
  Output<float> dx(out, g.in);
  dx.apart_from(dy);
  run([=] { return fastcnn_avg_pool2d_dx(&g.p, dy.data(), dx.data()); });
  return dx.array();
}

// Pixels of a shape (n, ..., c).
int64_t pixels_of(const Shape& shape) { return shape.size() == 4 ? shape[1] * shape[2] : shape[1]; }

template <auto kernel>
py::array global_pool(py::handle x_, int rank, Flag<"keepdims"> keepdims, py::handle out) {
  Input<float> x(x_, "x");
  x.rank(rank, dims_of(rank));
  int64_t n = x.dim(0), c = x.dim(rank - 1);
  Shape shape(keepdims ? rank : 2, 1);
  shape.front() = n, shape.back() = c;
  Output<float> y(out, shape);
  y.apart_from(x);
  run([=, pixels = pixels_of(x.shape())] { return kernel(n, pixels, c, x.data(), y.data(), nullptr, 0); });
  return y.array();
}

// dy: with or without the pooled axes, which are one long then.
void global_dy(const Input<float>& dy, const Shape& in) {
  Shape kept(in.size(), 1);
  kept.front() = in.front(), kept.back() = in.back();
  if (dy.shape() != kept) dy.shaped({in.front(), in.back()});
}

py::array global_avg_pool_dx(py::handle dy_, py::handle x_shape, int rank, py::handle out) {
  Input<float> dy(dy_, "dy");
  Shape shape = given_shape(x_shape, rank, "x_shape");
  global_dy(dy, shape);
  Output<float> dx(out, shape);
  dx.apart_from(dy);
  run([=] { return fastcnn_global_avg_pool_dx(shape.front(), pixels_of(shape), shape.back(), dy.data(), dx.data()); });
  return dx.array();
}

py::array global_max_pool_dx(py::handle dy_, py::handle x_, int rank, py::handle out) {
  Input<float> dy(dy_, "dy"), x(x_, "x");
  x.rank(rank, dims_of(rank));
  Shape shape = x.shape();
  global_dy(dy, shape);
  Output<float> dx(out, shape);
  dx.apart_from(dy).apart_from(x);
  run([=] {
    return fastcnn_global_max_pool_dx(shape.front(), pixels_of(shape), shape.back(), dy.data(), x.data(), dx.data());
  });
  return dx.array();
}

}  // namespace

void bind_resize(py::module_& m);

void bind_pool(py::module_& m) {
  m.def("max_pool", max_pool);
  m.def("max_pool2d_through", max_pool2d_through);
  m.def("max_pool_dx", max_pool_dx);
  m.def("avg_pool", avg_pool);
  m.def("avg_pool_dx", avg_pool_dx);
  m.def("global_avg_pool", global_pool<fastcnn_global_avg_pool>);
  m.def("global_max_pool", global_pool<fastcnn_global_max_pool>);
  m.def("global_avg_pool_dx", global_avg_pool_dx);
  m.def("global_max_pool_dx", global_max_pool_dx);
  bind_resize(m);
}

}  // namespace fastcnn::bind
