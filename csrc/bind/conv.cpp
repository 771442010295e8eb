#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// What describes a convolution besides its arrays, as Python gives it.
struct Options {
  py::handle strides, padding, dilation, groups, algorithm, precision, mode, value;
};

void set_padding(fastcnn_conv2d_params& p, py::handle given) {
  Padding pad = padding(given);
  if (pad.same) {
    same_padding(p.h, p.kh, p.stride_h, p.dilation_h, &pad.top, &pad.bottom);
    same_padding(p.w, p.kw, p.stride_w, p.dilation_w, &pad.left, &pad.right);
  }
  p.pad_top = pad.top, p.pad_bottom = pad.bottom, p.pad_left = pad.left, p.pad_right = pad.right;
}

fastcnn_conv2d_params params(const Shape& x, const Shape& w, const Options& o) {
  check_filter(w, "(kh, kw, c / groups, k)");
  fastcnn_conv2d_params p;
  fastcnn_conv2d_defaults(&p);
  p.n = x[0], p.h = x[1], p.w = x[2], p.c = x[3];
  p.kh = w[0], p.kw = w[1], p.k = w[3];
  Pair strides = pair(o.strides, "strides"), dilation = pair(o.dilation, "dilation");
  p.stride_h = strides.h, p.stride_w = strides.w, p.dilation_h = dilation.h, p.dilation_w = dilation.w;
  p.groups = integer(o.groups, "groups");
  set_padding(p, o.padding);
  p.algorithm = (fastcnn_algorithm)choice(o.algorithm, "algorithm", {"auto", "direct", "winograd"});
  p.precision = (fastcnn_precision)choice(o.precision, "precision", {"high", "strict"});
  constexpr fastcnn_pad_mode modes[] = {FASTCNN_PAD_CONSTANT, FASTCNN_PAD_REFLECT, FASTCNN_PAD_EDGE, FASTCNN_PAD_WRAP};
  p.pad_mode = modes[choice(o.mode, "padding_mode", {"constant", "reflect", "replicate", "circular"})];
  p.pad_value = (float)real(o.value, "padding_value");
  if (p.groups >= 1 && p.c % p.groups == 0 && w[2] != p.c / p.groups)
    throw py::value_error("w must have shape (kh, kw, c / groups, k) with c / groups = " +
                          std::to_string(p.c / p.groups) + ", got " + text(w));
  return p;
}

Shape shape4(py::handle value, const char* name, const char* dims) {
  Shape shape;
  if (!PySequence_Check(value.ptr()) || PySequence_Size(value.ptr()) != 4)
    throw py::value_error(std::string(name) + " must be four integers " + dims + ", got " +
                          std::string(py::repr(value)).substr(0, 80));
  for (py::handle h : py::reinterpret_borrow<py::sequence>(value)) {
    shape.push_back(integer(h, name));
    if (shape.back() < 0) throw py::value_error(std::string(name) + " must not be negative, got " + text(shape));
  }
  return shape;
}

// How x is read: None, or (affine (3, c), activation).
struct Prologue {
  Input<float> affine;
  fastcnn_prologue numbers{};
  Prologue(py::handle given, int64_t c) {
    if (given.is_none()) return;
    if (!PyTuple_Check(given.ptr()) || PyTuple_Size(given.ptr()) != 2)
      throw py::value_error("prologue must be (affine, activation), got " + std::string(py::repr(given)).substr(0, 80));
    auto pair = py::reinterpret_borrow<py::tuple>(given);
    affine = Input<float>(pair[0], "prologue");
    affine.shaped({3, c});
    const float* a = affine.data();
    numbers = {a, a + c, a + 2 * c, activation(pair[1])};
  }
  const fastcnn_prologue* get() const { return numbers.mean ? &numbers : nullptr; }
};

Shape output_shape(const fastcnn_conv2d_params& p) {
  int64_t oh = 0, ow = 0;
  check(fastcnn_conv2d_output_shape(&p, &oh, &ow));
  return {p.n, oh, ow, p.k};
}

fastcnn_epilogue epilogue(const Input<float>& bias, const Input<float>& residual, py::handle name, float alpha) {
  return {bias.data(), residual.data(), activation(name), alpha, nullptr};
}

// What conv2d_prepare made of a filter, or None.
Input<float> prepared_filter(py::handle given, fastcnn_conv2d_params* p) {
  auto prepared = Input<float>::optional(given, "prepared");
  if (prepared) {
    size_t bytes = 0;
    check(fastcnn_conv2d_prepared_bytes(p, &bytes));
    prepared.shaped({(py::ssize_t)(bytes / 4)});
    p->prepared = prepared.data();
  }
  return prepared;
}

// prepared: None, or what conv2d_prepare made of w.
py::array conv2d_prepared(py::handle x_, py::handle w_, py::handle bias_, py::handle strides, py::handle pad,
                          py::handle dilation, py::handle groups, py::handle name, Real32<"alpha"> alpha,
                          py::handle residual_, py::handle algorithm, py::handle precision, py::handle mode,
                          py::handle value, py::handle out, py::handle prologue, py::handle prepared_) {
  Input<float> x(x_, "x"), w(w_, "w");
  x.rank(4, "(n, h, w, c)"), w.rank(4, "(kh, kw, c / groups, k)");
  auto p = params(x.shape(), w.shape(), {strides, pad, dilation, groups, algorithm, precision, mode, value});
  Prologue through(prologue, p.c);
  Shape shape = output_shape(p);
  auto bias = Input<float>::optional(bias_, "bias"), residual = Input<float>::optional(residual_, "residual");
  bias.shaped({p.k}), residual.shaped(shape);
  fastcnn_epilogue e = epilogue(bias, residual, name, alpha);
  auto y = Output<float>::channels(out, shape);
  y.apart_from(x).apart_from(w).apart_from(bias).apart_from(residual, true).apart_from(through.affine);
  p.y_pixel = y.pixel();
  auto prepared = prepared_filter(prepared_, &p);
  Movable from(x);
  run([=] {
    fastcnn_conv2d_params q = p;
    q.prologue = through.get();
    return fastcnn_conv2d(&q, from.data(), w.data(), &e, y.data(), nullptr, 0);
  });
  return y.array();
}

// Of a map whose windows of 2x2 are pooled.
Shape pooled(const Shape& map) { return {map[0], map[1] / 2, map[2] / 2, map[3]}; }

// The convolution and the maximum pooling behind it; which pixels the maxima are, where return_indices is true.
py::object conv2d_max_pool(py::handle x_, py::handle w_, py::handle bias_, py::handle strides, py::handle pad,
                           py::handle dilation, py::handle groups, py::handle name, py::handle prologue,
                           py::handle prepared_, Flag<"return_indices"> return_indices) {
  Input<float> x(x_, "x"), w(w_, "w");
  x.rank(4, "(n, h, w, c)"), w.rank(4, "(kh, kw, c / groups, k)");
  auto p = params(x.shape(), w.shape(),
                  {strides, pad, dilation, groups, py::str("auto"), py::str("high"), py::str("constant"), py::int_(0)});
  Prologue through(prologue, p.c);
  Shape shape = pooled(output_shape(p));
  auto bias = Input<float>::optional(bias_, "bias");
  bias.shaped({p.k});
  fastcnn_epilogue e = epilogue(bias, {}, name, 0);
  auto y = return_indices ? Output<float>(shape) : Output<float>::channels(py::none(), shape);
  p.y_pixel = y.pixel();
  auto prepared = prepared_filter(prepared_, &p);
  Movable from(x);
  auto passes = [=](uint8_t* indices) {
    run([=] {
      fastcnn_conv2d_params q = p;
      q.prologue = through.get();
      return fastcnn_conv2d_max_pool(&q, from.data(), w.data(), &e, y.data(), indices, nullptr, 0);
    });
  };
  if (!return_indices) {
    passes(nullptr);
    return y.array();
  }
  Output<uint8_t> indices(shape);
  passes(indices.data());
  return py::make_tuple(y.array(), indices.array());
}

py::array conv2d(py::handle x, py::handle w, py::handle bias, py::handle strides, py::handle pad, py::handle dilation,
                 py::handle groups, py::handle name, Real32<"alpha"> alpha, py::handle residual, py::handle algorithm,
                 py::handle precision, py::handle mode, py::handle value, py::handle out, py::handle prologue) {
  return conv2d_prepared(x, w, bias, strides, pad, dilation, groups, name, alpha, residual, algorithm, precision, mode,
                         value, out, prologue, py::none());
}

// The filter as conv2d multiplies with it, for images of this shape: an array to keep, and to pass to conv2d_prepared.
py::array conv2d_prepare(py::handle x_shape, py::handle w_, py::handle strides, py::handle pad, py::handle dilation,
                         py::handle groups) {
  Input<float> w(w_, "w");
  w.rank(4, "(kh, kw, c / groups, k)");
  auto p = params(shape4(x_shape, "x_shape", "(n, h, w, c)"), w.shape(),
                  {strides, pad, dilation, groups, py::str("auto"), py::str("high"), py::str("constant"), py::int_(0)});
  size_t bytes = 0;
  check(fastcnn_conv2d_prepared_bytes(&p, &bytes));
  Output<float> to({(py::ssize_t)(bytes / 4)});
  run([=] { return fastcnn_conv2d_prepare(&p, w.data(), to.data()); });
  return to.array();
}

// indices: of conv2d_max_pool, where dy is the gradient of its maxima; or None.
py::array input_gradient(py::handle dy_, py::handle indices_, py::handle w_, py::handle x_shape, const Options& options,
                         py::handle bias_, py::handle name, float alpha, py::handle out, py::handle residual_,
                         py::handle gate_) {
  Input<float> dy(dy_, "dy"), w(w_, "w");
  dy.rank(4, "(n, oh, ow, k)"), w.rank(4, "(kh, kw, c / groups, k)");
  Shape shape = shape4(x_shape, "x_shape", "(n, h, w, c)");
  auto p = params(shape, w.shape(), options);
  auto indices = Input<uint8_t>::optional(indices_, "indices");
  Shape map = indices ? pooled(output_shape(p)) : output_shape(p);
  dy.shaped(map), indices.shaped(map);
  auto bias = Input<float>::optional(bias_, "bias");
  auto residual = Input<float>::optional(residual_, "residual"), gate = Input<float>::optional(gate_, "gate");
  bias.shaped({p.c}), residual.shaped(shape), gate.shaped(shape);
  fastcnn_epilogue e = epilogue(bias, residual, name, alpha);
  e.gate = gate.data();
  bool plain = !bias && !residual && !gate && e.activation == FASTCNN_LINEAR;
  Output<float> dx(out, shape);
  dx.apart_from(dy).apart_from(w).apart_from(bias).apart_from(residual).apart_from(gate);
  run([=] {
    const fastcnn_epilogue* last = plain ? nullptr : &e;
    if (!indices) return fastcnn_conv2d_dx(&p, dy.data(), w.data(), last, dx.data(), nullptr, 0);
    return fastcnn_conv2d_max_pool_dx(&p, dy.data(), indices.data(), w.data(), last, dx.data(), nullptr, 0);
  });
  return dx.array();
}

py::array conv2d_dx(py::handle dy, py::handle w, py::handle x_shape, py::handle strides, py::handle pad,
                    py::handle dilation, py::handle groups, py::handle bias, py::handle name, Real32<"alpha"> alpha,
                    py::handle algorithm, py::handle precision, py::handle mode, py::handle out, py::handle residual,
                    py::handle gate) {
  py::int_ value(0);
  Options options{strides, pad, dilation, groups, algorithm, precision, mode, value};
  return input_gradient(dy, py::none(), w, x_shape, options, bias, name, alpha, out, residual, gate);
}

py::array conv2d_max_pool_dx(py::handle dy, py::handle indices, py::handle w, py::handle x_shape, py::handle strides,
                             py::handle pad, py::handle dilation, py::handle groups, py::handle residual,
                             py::handle gate) {
  py::str algorithm("auto"), precision("high"), mode("constant");
  py::int_ value(0);
  Options options{strides, pad, dilation, groups, algorithm, precision, mode, value};
  return input_gradient(dy, indices, w, x_shape, options, py::none(), py::none(), 0, py::none(), residual, gate);
}

// indices: likewise.
py::object filter_gradient(py::handle x_, py::handle dy_, py::handle indices_, py::handle w_shape,
                           const Options& options, py::handle out, py::handle prologue, bool return_db) {
  Input<float> x(x_, "x"), dy(dy_, "dy");
  x.rank(4, "(n, h, w, c)"), dy.rank(4, "(n, oh, ow, k)");
  Shape shape = shape4(w_shape, "w_shape", "(kh, kw, c / groups, k)");
  auto p = params(x.shape(), shape, options);
  Prologue through(prologue, p.c);
  auto indices = Input<uint8_t>::optional(indices_, "indices");
  Shape map = indices ? pooled(output_shape(p)) : output_shape(p);
  dy.shaped(map), indices.shaped(map);
  Output<float> dw(out, shape);
  dw.apart_from(x).apart_from(dy).apart_from(through.affine);
  py::object db = py::none();
  float* db_data = nullptr;
  if (return_db) {
    Output<float> made(Shape{p.k});
    db_data = made.data();
    db = made.array();
  }
  run([=] {
    fastcnn_conv2d_params q = p;
    q.prologue = through.get();
    if (!indices) return fastcnn_conv2d_dw(&q, x.data(), dy.data(), dw.data(), db_data, nullptr, 0);
    return fastcnn_conv2d_max_pool_dw(&q, x.data(), dy.data(), indices.data(), dw.data(), db_data, nullptr, 0);
  });
  if (return_db) return py::make_tuple(dw.array(), db);
  return dw.array();
}

py::object conv2d_dw(py::handle x, py::handle dy, py::handle w_shape, py::handle strides, py::handle pad,
                     py::handle dilation, py::handle groups, py::handle algorithm, py::handle precision,
                     py::handle mode, py::handle value, py::handle out, py::handle prologue,
                     Flag<"return_db"> return_db) {
  Options options{strides, pad, dilation, groups, algorithm, precision, mode, value};
  return filter_gradient(x, dy, py::none(), w_shape, options, out, prologue, return_db);
}

py::object conv2d_max_pool_dw(py::handle x, py::handle dy, py::handle indices, py::handle w_shape, py::handle strides,
                              py::handle pad, py::handle dilation, py::handle groups, py::handle prologue,
                              Flag<"return_db"> return_db) {
  py::str algorithm("auto"), precision("high"), mode("constant");
  py::int_ value(0);
  Options options{strides, pad, dilation, groups, algorithm, precision, mode, value};
  return filter_gradient(x, dy, indices, w_shape, options, py::none(), prologue, return_db);
}

py::array conv2d_db(py::handle dy_, py::handle out) {
  Input<float> dy(dy_, "dy");
  if (dy.ndim() < 1) throw py::value_error("dy must have at least 1 dimension, got a scalar");
  int64_t k = dy.dim(dy.ndim() - 1), rows = 1;
  for (int i = 0; i < dy.ndim() - 1; i++) rows *= dy.dim(i);
  Output<float> db(out, {k});
  db.apart_from(dy);
  run([=] { return fastcnn_bias_gradient(rows, k, dy.data(), db.data()); });
  return db.array();
}

// The shape of y, and which algorithm a pass takes.
py::tuple conv2d_output_shape(py::handle x_shape, py::handle w_shape, py::handle strides, py::handle pad,
                              py::handle dilation, py::handle groups) {
  auto p = params(shape4(x_shape, "x_shape", "(n, h, w, c)"), shape4(w_shape, "w_shape", "(kh, kw, c / groups, k)"),
                  {strides, pad, dilation, groups, py::str("auto"), py::str("high"), py::str("constant"), py::int_(0)});
  Shape s = output_shape(p);
  return py::make_tuple(s[0], s[1], s[2], s[3]);
}

const char* conv2d_algorithm(py::handle x_shape, py::handle w_shape, py::handle strides, py::handle pad,
                             py::handle dilation, py::handle groups, py::handle precision, py::handle pass) {
  auto p = params(shape4(x_shape, "x_shape", "(n, h, w, c)"), shape4(w_shape, "w_shape", "(kh, kw, c / groups, k)"),
                  {strides, pad, dilation, groups, py::str("auto"), precision, py::str("constant"), py::int_(0)});
  fastcnn_algorithm algorithm;
  check(fastcnn_conv2d_algorithm(&p, (fastcnn_pass)choice(pass, "of", {"forward", "dx", "dw"}), &algorithm));
  return algorithm == FASTCNN_ALGORITHM_WINOGRAD ? "winograd" : "direct";
}

// Bytes of scratch memory that a pass with algorithm "auto" takes while it runs, with the threads in use.
// through: x is read through a prologue.
size_t conv2d_workspace(py::handle x_shape, py::handle w_shape, py::handle strides, py::handle pad, py::handle dilation,
                        py::handle groups, py::handle pass, bool through) {
  auto p = params(shape4(x_shape, "x_shape", "(n, h, w, c)"), shape4(w_shape, "w_shape", "(kh, kw, c / groups, k)"),
                  {strides, pad, dilation, groups, py::str("auto"), py::str("high"), py::str("constant"), py::int_(0)});
  float any = 0;
  fastcnn_prologue prologue{};
  prologue.mean = prologue.scale = prologue.shift = &any;
  if (through) p.prologue = &prologue;
  size_t bytes;
  check(fastcnn_conv2d_workspace(&p, (fastcnn_pass)choice(pass, "of", {"forward", "dx", "dw"}), &bytes));
  return bytes;
}

}  // namespace

void bind_conv(py::module_& m) {
  m.def("conv2d", conv2d);
  m.def("conv2d_prepared", conv2d_prepared);
  m.def("conv2d_prepare", conv2d_prepare);
  m.def("conv2d_max_pool", conv2d_max_pool);
  m.def("conv2d_max_pool_dx", conv2d_max_pool_dx);
  m.def("conv2d_max_pool_dw", conv2d_max_pool_dw);
  m.def("conv2d_dx", conv2d_dx);
  m.def("conv2d_dw", conv2d_dw);
  m.def("conv2d_db", conv2d_db);
  m.def("conv2d_output_shape", conv2d_output_shape);
  m.def("conv2d_algorithm", conv2d_algorithm);
  m.def("conv2d_workspace", conv2d_workspace);
}

}  // namespace fastcnn::bind
