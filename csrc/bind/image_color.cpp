#include <cmath>
#include <limits>

#include "bind/image.h"

namespace fastcnn::bind {
namespace {

constexpr float kNoBound = std::numeric_limits<float>::infinity();

py::array lookup(py::handle image, py::handle table_, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  if (!x.bytes()) throw py::type_error("image must be uint8 to be looked up in a table");
  Input<uint8_t> table(table_, "table");
  bool one = table.ndim() == 1;
  if ((!one && table.ndim() != 2) || table.dim(table.ndim() - 1) != 256 || (!one && table.dim(0) != from.c))
    throw py::value_error("table must have shape (256,) or (" + std::to_string(from.c) + ", 256), got " +
                          text(table.shape()));
  ImageOut y(out, x, x.shape(), false, true);
  y.apart_from(table);
  run([=, data = y.data()] { return fastcnn_image_lookup(&from, x.data(), one ? 1 : from.c, table.data(), data); });
  return y.array();
}

py::array scale(py::handle image, py::handle alpha_, py::handle beta_, py::handle max_value, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  std::vector<float> alpha = per_channel(alpha_, "alpha", from.c), beta = per_channel(beta_, "beta", from.c);
  float low = max_value.is_none() ? -kNoBound : 0;
  float high = max_value.is_none() ? kNoBound : (float)real(max_value, "max_value");
  ImageOut y(out, x, x.shape(), false, true);
  run([=, data = y.data()] {
    return fastcnn_image_scale(&from, x.data(), alpha.data(), beta.data(), low, high, from.pixel, data);
  });
  return y.array();
}

py::array normalize(py::handle image, py::handle mean_, py::handle std_, Real<"max_pixel_value"> top, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  std::vector<float> mean = per_channel(mean_, "mean", from.c), std = per_channel(std_, "std", from.c);
  if (!(top != 0)) throw py::value_error("max_pixel_value must not be 0");
  std::vector<float> alpha, beta;
  for (size_t i = 0; i < mean.size(); i++) {
    if (std[i] == 0) throw py::value_error("std must not be 0");
    alpha.push_back((float)(1 / ((double)std[i] * top)));
    beta.push_back((float)(-(double)mean[i] / (double)std[i]));
    if (!std::isfinite(alpha.back()) || !std::isfinite(beta.back()))
      throw py::value_error(
          "mean, std and max_pixel_value must be finite, and not so that the result is not, got mean " +
          std::to_string(mean[i]) + ", std " + std::to_string(std[i]));
  }
  ImageOut y(out, x, x.shape(), true, true);
  run([=, data = y.data()] {
    return fastcnn_image_scale(&from, x.data(), alpha.data(), beta.data(), -kNoBound, kNoBound, FASTCNN_PIXEL_FLOAT32,
                               data);
  });
  return y.array();
}

py::array color(py::handle image, Real<"brightness"> brightness, Real<"contrast"> contrast,
                Real<"saturation"> saturation, Real<"hue"> hue, py::handle order, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  if (!PySequence_Check(order.ptr()) || PyUnicode_Check(order.ptr()))
    throw py::type_error("order must be a sequence of the steps 0, 1, 2 and 3");
  std::vector<int> steps;
  for (py::handle step : py::reinterpret_borrow<py::sequence>(order)) {
    int64_t number = integer(step, "order");
    if (number < 0 || number > 3 || steps.size() == 4)
      throw py::value_error("order must consist of the steps 0, 1, 2 and 3, got " +
                            std::string(py::repr(order)).substr(0, 60));
    steps.push_back((int)number);
  }
  ImageOut y(out, x, x.shape(), false, true);
  run([=, data = y.data()] {
    return fastcnn_image_color(&from, x.data(), brightness, contrast, saturation, hue, (int)steps.size(), steps.data(),
                               data);
  });
  return y.array();
}

py::array gray(py::handle image, py::handle channels_, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  int64_t channels = integer(channels_, "channels");
  if (channels < 1) throw py::value_error("channels must be at least 1, got " + std::to_string(channels));
  ImageOut y(out, x, {from.h, from.w, channels});
  run([=, data = y.data()] { return fastcnn_image_gray(&from, x.data(), channels, data); });
  return y.array();
}

py::array clahe(py::handle image, Real<"clip_limit"> clip_limit, py::handle tiles_, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  Pair tiles = pair(tiles_, "tiles");
  ImageOut y(out, x, x.shape());
  run([=, data = y.data()] { return fastcnn_image_clahe(&from, x.data(), clip_limit, tiles.h, tiles.w, data); });
  return y.array();
}

uint64_t word(py::handle value) {
  int64_t n = integer(value, "key");
  if (n < 0) throw py::value_error("key must hold integers of at least 0, got " + std::to_string(n));
  return (uint64_t)n;
}

py::array noise(py::handle image, py::handle key, Real32<"mean"> mean, Real32<"std"> std,
                Flag<"per_channel"> per_channel, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  if (!PySequence_Check(key.ptr()) || PyUnicode_Check(key.ptr()) || PySequence_Size(key.ptr()) != 2)
    throw py::type_error("key must be a pair of integers (seed, stream)");
  auto parts = py::reinterpret_borrow<py::sequence>(key);
  fastcnn_random random{word(py::object(parts[0])), word(py::object(parts[1])), 0};
  ImageOut y(out, x, x.shape(), false, true);
  run([=, data = y.data()] { return fastcnn_image_noise(&from, x.data(), &random, mean, std, per_channel, data); });
  return y.array();
}

}  // namespace

void bind_image_color(py::module_& m) {
  m.def("image_lookup", lookup);
  m.def("image_scale", scale);
  m.def("image_normalize", normalize);
  m.def("image_color", color);
  m.def("image_gray", gray);
  m.def("image_clahe", clahe);
  m.def("image_noise", noise);
}

}  // namespace fastcnn::bind
