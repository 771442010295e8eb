#include <climits>

#include "bind/dims.h"
#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// A list or tuple of one number per axis; None: `missing` for all. An entry of None: missing.
std::vector<int64_t> per_axis(py::handle value, int ndim, const char* name) {
  std::vector<int64_t> numbers;
  if (PyTuple_Check(value.ptr()) || PyList_Check(value.ptr()))
    for (py::handle n : py::reinterpret_borrow<py::sequence>(value)) numbers.push_back(integer(n, name));
  else
    numbers.push_back(integer(value, name));
  if ((int)numbers.size() != ndim)
    throw py::value_error(std::string(name) + " must have one entry for each of the " + std::to_string(ndim) +
                          " axes of x, got " + std::to_string(numbers.size()));
  return numbers;
}

// y = f(x), f: dims, data -> status, once the shape is known.
template <class F>
py::array produce(const Input<float>& x, const fastcnn_dims& shape, py::handle out, F f) {
  Output<float> y(out, shape_of(shape));
  y.apart_from(x);
  run([=] { return f(y.data()); });
  return y.array();
}

py::array concat(py::handle arrays, py::handle axis_, Flag<"stacked"> stacked, py::handle out) {
  if (!PyTuple_Check(arrays.ptr()) && !PyList_Check(arrays.ptr()))
    throw py::type_error("arrays must be a list or a tuple of arrays");
  std::vector<Input<float>> x;
  std::vector<fastcnn_dims> dims;
  std::vector<const float*> data;
  for (py::handle h : py::reinterpret_borrow<py::sequence>(arrays)) {
    x.emplace_back(h, "arrays");
    dims.push_back(dims_of(x.back()));
    data.push_back(x.back().data());
  }
  if (x.empty()) throw py::value_error("arrays must not be empty");
  int axis = axis_of(axis_, dims[0].rank + stacked);
  if (stacked)
    for (fastcnn_dims& d : dims) {
      if (shape_of(d) != x[0].shape())
        throw py::value_error("arrays must have one shape, got " + text(x[0].shape()) + " and " + text(shape_of(d)));
      if (d.rank == FASTCNN_MAX_RANK) throw py::value_error("arrays must have at most 7 dimensions to be stacked");
      for (int i = d.rank++; i > axis; i--) d.dim[i] = d.dim[i - 1];
      d.dim[axis] = 1;
    }
  fastcnn_dims shape;
  check(fastcnn_concat_output_shape((int)dims.size(), dims.data(), axis, &shape));
  Output<float> y(out, shape_of(shape));
  for (const Input<float>& each : x) y.apart_from(each);
  run([=] { return fastcnn_concat((int)dims.size(), dims.data(), data.data(), axis, y.data()); });
  return y.array();
}

py::tuple sequence(py::handle value, const char* name) {
  if (!PyTuple_Check(value.ptr()) && !PyList_Check(value.ptr()))
    throw py::type_error(std::string(name) + " must be a tuple or a list of integers, got " +
                         std::string(py::str(py::type::handle_of(value).attr("__name__"))));
  return py::tuple(py::reinterpret_borrow<py::object>(value));
}

// Bounds and strides, one for each of the first axes; None (whole or an entry) means the farthest.
fastcnn_slice_params slice_params(py::handle begin, py::handle end, py::handle strides, int ndim) {
  fastcnn_slice_params p;
  struct {
    py::handle value;
    int64_t* to;
    const char* name;
  } parts[] = {{strides, p.stride, "strides"}, {begin, p.begin, "begin"}, {end, p.end, "end"}};
  for (auto& part : parts) {
    py::tuple given = part.value.is_none() ? py::tuple() : sequence(part.value, part.name);
    if ((int)given.size() > ndim)
      throw py::value_error(std::string(part.name) + " must have at most " + std::to_string(ndim) + " entries, got " +
                            std::to_string(given.size()));
    for (int axis = 0; axis < ndim; axis++) {
      bool backwards = part.to != p.stride && p.stride[axis] < 0;
      int64_t missing = part.to == p.stride ? 1 : (part.to == p.begin) != backwards ? INT64_MIN : INT64_MAX;
      bool none = axis >= (int)given.size() || given[(size_t)axis].is_none();
      part.to[axis] = none ? missing : integer(py::object(given[(size_t)axis]), part.name);
    }
  }
  return p;
}

py::array slice(py::handle x_, py::handle begin, py::handle end, py::handle strides, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x), shape;
  fastcnn_slice_params p = slice_params(begin, end, strides, dims.rank);
  check(fastcnn_slice_output_shape(&dims, &p, &shape));
  return produce(x, shape, out, [=](float* y) { return fastcnn_slice(&dims, &p, x.data(), y); });
}

py::array slice_dx(py::handle dy_, py::handle shape, py::handle begin, py::handle end, py::handle strides,
                   py::handle out) {
  Input<float> dy(dy_, "dy");
  Shape x_shape;
  for (py::handle n : sequence(shape, "x_shape")) x_shape.push_back(integer(n, "x_shape"));
  fastcnn_dims dims = dims_from(x_shape, "x_shape"), y_dims;
  fastcnn_slice_params p = slice_params(begin, end, strides, dims.rank);
  check(fastcnn_slice_output_shape(&dims, &p, &y_dims));
  dy.shaped(shape_of(y_dims));
  return produce(dy, dims, out, [=](float* dx) { return fastcnn_slice_backward(&dims, &p, dy.data(), dx); });
}

fastcnn_pad_params pad_params(py::handle paddings, py::handle mode, float value, int ndim) {
  fastcnn_pad_params p = {};
  p.mode = (fastcnn_pad_mode)choice(mode, "mode", {"constant", "reflect", "symmetric", "edge", "wrap"});
  p.value = value;
  if (PyLong_Check(paddings.ptr())) {
    for (int axis = 0; axis < ndim; axis++) p.before[axis] = p.after[axis] = integer(paddings, "paddings");
    return p;
  }
  if (!PySequence_Check(paddings.ptr()) || PyUnicode_Check(paddings.ptr()))
    throw py::type_error("paddings must be an integer or one (before, after) for each axis");
  py::tuple given(py::reinterpret_borrow<py::object>(paddings));
  if ((int)given.size() != ndim)
    throw py::value_error("paddings must have one (before, after) for each of " + std::to_string(ndim) + " axes, got " +
                          std::to_string(given.size()));
  for (int axis = 0; axis < ndim; axis++) {
    Pair both = pair(py::object(given[(size_t)axis]), "paddings");
    p.before[axis] = both.h;
    p.after[axis] = both.w;
  }
  return p;
}

py::array pad(py::handle x_, py::handle paddings, py::handle mode, Real32<"constant_values"> value, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x), shape;
  fastcnn_pad_params p = pad_params(paddings, mode, value, dims.rank);
  check(fastcnn_pad_output_shape(&dims, &p, &shape));
  return produce(x, shape, out, [=](float* y) { return fastcnn_pad(&dims, &p, x.data(), y); });
}

// The shape of x follows from that of dy.
py::array pad_dx(py::handle dy_, py::handle paddings, py::handle mode, py::handle out) {
  Input<float> dy(dy_, "dy");
  fastcnn_dims y_dims = dims_of(dy), dims = y_dims, expected;
  fastcnn_pad_params p = pad_params(paddings, mode, 0, dims.rank);
  for (int axis = 0; axis < dims.rank; axis++) {
    int64_t n = y_dims.dim[axis];
    if (p.before[axis] < 0 || p.after[axis] < 0 || p.before[axis] > n || p.after[axis] > n - p.before[axis])
      throw py::value_error("paddings must fit dy of shape " + text(dy.shape()) + ", got (" +
                            std::to_string(p.before[axis]) + ", " + std::to_string(p.after[axis]) + ") for axis " +
                            std::to_string(axis));
    dims.dim[axis] = n - p.before[axis] - p.after[axis];
  }
  check(fastcnn_pad_output_shape(&dims, &p, &expected));
  return produce(dy, dims, out, [=](float* dx) { return fastcnn_pad_backward(&dims, &p, dy.data(), dx, nullptr, 0); });
}

py::array transpose(py::handle x_, py::handle axes_, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x), shape;
  int order[FASTCNN_MAX_RANK];
  if (axes_.is_none()) {
    for (int i = 0; i < dims.rank; i++) order[i] = dims.rank - 1 - i;
  } else {
    std::vector<int64_t> given = per_axis(axes_, dims.rank, "axes");
    for (int i = 0; i < dims.rank; i++) order[i] = axis_of(py::int_(given[(size_t)i]), dims.rank, "axes");
  }
  check(fastcnn_transpose_output_shape(&dims, order, &shape));
  return produce(x, shape, out, [=](float* y) { return fastcnn_transpose(&dims, order, x.data(), y); });
}

py::array flip_axis(py::handle x_, py::handle axis, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x);
  uint32_t mask = axis_mask(axis, dims.rank);
  return produce(x, dims, out, [=](float* y) { return fastcnn_flip(&dims, mask, x.data(), y); });
}

py::array tile(py::handle x_, py::handle repeats_, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x), shape;
  std::vector<int64_t> repeats = per_axis(repeats_, dims.rank, "repeats");
  check(fastcnn_tile_output_shape(&dims, repeats.data(), &shape));
  return produce(x, shape, out, [=](float* y) { return fastcnn_tile(&dims, repeats.data(), x.data(), y); });
}

py::array repeat(py::handle x_, py::handle repeats_, py::handle axis_, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_dims dims = dims_of(x), shape;
  int64_t repeats = integer(repeats_, "repeats");
  int axis = axis_of(axis_, dims.rank);
  check(fastcnn_repeat_output_shape(&dims, repeats, axis, &shape));
  return produce(x, shape, out, [=](float* y) { return fastcnn_repeat(&dims, repeats, axis, x.data(), y); });
}

py::array take(py::handle x_, py::handle indices_, py::handle out) {
  Input<float> x(x_, "x");
  Input<int64_t> indices(indices_, "indices");
  if (x.ndim() == 0) throw py::value_error("x must have at least 1 dimension, got shape ()");
  Shape shape = indices.shape();
  int64_t width = 1;
  for (int axis = 1; axis < x.ndim(); axis++) {
    shape.push_back(x.dim(axis));
    width *= x.dim(axis);
  }
  Output<float> y(out, shape);
  y.apart_from(x).apart_from(indices);
  run([=] { return fastcnn_take_rows(x.dim(0), width, indices.size(), indices.data(), x.data(), y.data()); });
  return y.array();
}

py::array one_hot(py::handle labels_, py::handle depth_, py::handle out) {
  Input<int64_t> labels(labels_, "x");
  int64_t depth = integer(depth_, "num_classes");
  if (depth < 1) throw py::value_error("num_classes must be at least 1, got " + std::to_string(depth));
  Shape shape = labels.shape();
  shape.push_back(depth);
  Output<float> y(out, shape);
  y.apart_from(labels);
  run([=] { return fastcnn_one_hot(labels.size(), depth, labels.data(), y.data()); });
  return y.array();
}

py::array from_uint8(py::handle x_, Real32<"scale"> scale, Real32<"offset"> offset, py::handle out) {
  Input<uint8_t> x(x_, "x");
  Output<float> y(out, x.shape());
  y.apart_from(x);
  run([=] { return fastcnn_from_uint8(x.size(), scale, offset, x.data(), y.data()); });
  return y.array();
}

}  // namespace

void bind_shape(py::module_& m) {
  m.def("concat", concat, py::arg("arrays"), py::arg("axis"), py::arg("stacked"), py::arg("out"));
  m.def("slice", slice, py::arg("x"), py::arg("begin"), py::arg("end"), py::arg("strides"), py::arg("out"));
  m.def("slice_dx", slice_dx, py::arg("dy"), py::arg("x_shape"), py::arg("begin"), py::arg("end"), py::arg("strides"),
        py::arg("out"));
  m.def("pad", pad, py::arg("x"), py::arg("paddings"), py::arg("mode"), py::arg("constant_values"), py::arg("out"));
  m.def("pad_dx", pad_dx, py::arg("dy"), py::arg("paddings"), py::arg("mode"), py::arg("out"));
  m.def("transpose", transpose, py::arg("x"), py::arg("axes"), py::arg("out"));
  m.def("flip", flip_axis, py::arg("x"), py::arg("axis"), py::arg("out"));
  m.def("tile", tile, py::arg("x"), py::arg("repeats"), py::arg("out"));
  m.def("repeat", repeat, py::arg("x"), py::arg("repeats"), py::arg("axis"), py::arg("out"));
  m.def("take", take, py::arg("x"), py::arg("indices"), py::arg("out"));
  m.def("one_hot", one_hot, py::arg("x"), py::arg("num_classes"), py::arg("out"));
  m.def("from_uint8", from_uint8, py::arg("x"), py::arg("scale"), py::arg("offset"), py::arg("out"));
}

}  // namespace fastcnn::bind
