#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// Seeds and streams are 64 bits without a sign.
uint64_t word64(py::handle value, const char* name) {
  auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!index) {
    PyErr_Clear();
    integer(value, name);  // raises
  }
  uint64_t word = PyLong_AsUnsignedLongLong(index.ptr());
  if (word == UINT64_MAX && PyErr_Occurred()) {
    PyErr_Clear();
    throw py::value_error(std::string(name) + " must be between 0 and 2**64 - 1, got " +
                          std::string(py::str(index)).substr(0, 80));
  }
  return word;
}

fastcnn_random place(py::handle seed, py::handle stream, py::handle offset) {
  return {word64(seed, "seed"), word64(stream, "stream"), integer(offset, "offset")};
}

// An int or a sequence of ints, none negative.
Shape drawn_shape(py::handle value) {
  Shape shape;
  if (PyTuple_Check(value.ptr()) || PyList_Check(value.ptr()))
    for (py::handle d : py::reinterpret_borrow<py::sequence>(value)) shape.push_back(integer(d, "shape"));
  else
    shape.push_back(integer(value, "shape"));
  for (py::ssize_t d : shape)
    if (d < 0) throw py::value_error("shape must not be negative, got " + text(shape));
  return shape;
}

int64_t size_of(const py::array& a) { return a.size(); }

py::array uniform(py::handle shape, Real32<"low"> low, Real32<"high"> high, py::handle seed, py::handle stream,
                  py::handle offset, py::handle out) {
  fastcnn_random random = place(seed, stream, offset);
  Output<float> y(out, drawn_shape(shape));
  int64_t size = size_of(y.array());
  run([=] { return fastcnn_random_uniform(&random, low, high, size, y.data()); });
  return y.array();
}

template <auto Function>
py::array bell(py::handle shape, Real32<"mean"> mean, Real32<"stddev"> stddev, py::handle seed, py::handle stream,
               py::handle offset, py::handle out) {
  fastcnn_random random = place(seed, stream, offset);
  Output<float> y(out, drawn_shape(shape));
  int64_t size = size_of(y.array());
  run([=] { return Function(&random, mean, stddev, size, y.data()); });
  return y.array();
}

py::array bernoulli(py::handle shape, Real<"p"> p, py::handle seed, py::handle stream, py::handle offset,
                    py::handle out) {
  fastcnn_random random = place(seed, stream, offset);
  Output<float> y(out, drawn_shape(shape));
  int64_t size = size_of(y.array());
  run([=] { return fastcnn_random_bernoulli(&random, p, size, y.data()); });
  return y.array();
}

py::array integers(py::handle shape, py::handle low, py::handle high, py::handle seed, py::handle stream,
                   py::handle offset) {
  fastcnn_random random = place(seed, stream, offset);
  int64_t from = integer(low, "low"), to = integer(high, "high");
  Output<int64_t> y(drawn_shape(shape));
  int64_t size = size_of(y.array());
  run([=] { return fastcnn_random_integers(&random, from, to, size, y.data()); });
  return y.array();
}

py::array permutation(py::handle n_, py::handle seed, py::handle stream) {
  fastcnn_random random = place(seed, stream, py::int_(0));
  int64_t n = integer(n_, "n");
  if (n < 0) throw py::value_error("n must be at least 0, got " + std::to_string(n));
  Output<int64_t> y({(py::ssize_t)n});
  run([=] { return fastcnn_random_permutation(&random, n, y.data()); });
  return y.array();
}

// The words as int32, (blocks, 4); the caller looks at them as uint32.
py::array philox(py::handle blocks_, py::handle seed, py::handle stream, py::handle first_) {
  uint64_t key = word64(seed, "seed"), high = word64(stream, "stream"), first = word64(first_, "first");
  int64_t blocks = integer(blocks_, "blocks");
  if (blocks < 0) throw py::value_error("blocks must be at least 0, got " + std::to_string(blocks));
  Output<int32_t> words({(py::ssize_t)blocks, 4});
  run([=] { return fastcnn_philox(key, high, first, blocks, reinterpret_cast<uint32_t*>(words.data())); });
  return words.array();
}

// Whether whole channels drop, (n, 1, ..., 1, c), instead of elements.
bool by_channel(py::handle noise_shape, const Shape& shape) {
  if (noise_shape.is_none()) return false;
  if (!PyTuple_Check(noise_shape.ptr()) && !PyList_Check(noise_shape.ptr()))
    throw py::type_error("noise_shape must be None or a tuple of integers, got " +
                         std::string(py::str(py::type::handle_of(noise_shape).attr("__name__"))));
  Shape noise;
  for (py::handle d : py::reinterpret_borrow<py::sequence>(noise_shape))
    noise.push_back(!d.is_none() ? integer(d, "noise_shape") : noise.size() < shape.size() ? shape[noise.size()] : -1);
  if (noise == shape) return false;
  Shape channels(shape.size(), 1);
  if (shape.size() >= 3) channels.front() = shape.front(), channels.back() = shape.back();
  if (shape.size() >= 3 && noise == channels) return true;
  throw py::value_error("noise_shape must be the shape of x, " + text(shape) + ", or (n, 1, ..., 1, c), got " +
                        text(noise));
}

// random: where the mask comes from, asked when the kernel runs.
template <class Random>
py::array drop(const Input<float>& x, Real<"rate"> rate, py::handle noise_shape, py::handle out, Random random) {
  Shape shape = x.shape();
  bool channels = by_channel(noise_shape, shape);
  Output<float> y(out, shape);
  y.apart_from(x, true);
  int64_t n = 1, pixels = 1, c = x.size();
  if (channels) {
    n = shape.front(), c = shape.back();
    for (size_t i = 1; i + 1 < shape.size(); i++) pixels *= shape[i];
  }
  run([=] {
    fastcnn_random from = random();
    return channels ? fastcnn_dropout_channels(&from, rate, n, pixels, c, x.data(), y.data())
                    : fastcnn_dropout(&from, rate, x.size(), x.data(), y.data());
  });
  return y.array();
}

py::array dropout(py::handle x, Real<"rate"> rate, py::handle seed, py::handle stream, py::handle offset,
                  py::handle noise_shape, py::handle out, const char* name) {
  fastcnn_random random = place(seed, stream, offset);
  return drop(Input<float>(x, name), rate, noise_shape, out, [random] { return random; });
}

// key: [seed, stream], which a program writes anew before each of its runs.
py::array dropout_by_key(py::handle x, py::handle key_, Real<"rate"> rate, py::handle noise_shape) {
  Input<int64_t> key(key_, "key");
  key.shaped({2});
  return drop(Input<float>(x, "x"), rate, noise_shape, py::none(), [key] {
    return fastcnn_random{(uint64_t)key.data()[0], (uint64_t)key.data()[1], 0};
  });
}

}  // namespace

void bind_random(py::module_& m) {
  m.def("uniform", uniform);
  m.def("normal", bell<fastcnn_random_normal>);
  m.def("truncated_normal", bell<fastcnn_random_truncated_normal>);
  m.def("bernoulli", bernoulli);
  m.def("integers", integers);
  m.def("permutation", permutation);
  m.def("philox", philox);
  m.def("dropout", dropout);
  m.def("dropout_by_key", dropout_by_key);
}

}  // namespace fastcnn::bind
