#include "bind/image.h"

namespace fastcnn::bind {

void check_extent(const Shape& shape, const char* name) {
  for (py::ssize_t d : shape)
    if (d > 1 << 22) throw py::value_error(std::string(name) + " is too large: " + text(shape));
}

Image::Image(py::handle value, const char* name) {
  bool is_bytes = false;
  if (py::isinstance<py::array>(value)) {
    py::dtype dtype = py::reinterpret_borrow<py::array>(value).dtype();
    is_bytes = dtype.kind() == 'u' && dtype.itemsize() == 1;
  }
  if (is_bytes)
    bytes_ = Input<uint8_t>(value, name);
  else
    floats_ = Input<float>(value, name);
  size_t ndim = shape().size();
  if (ndim != 2 && ndim != 3)
    throw py::value_error(std::string(name) + " must have the dimensions (h, w, c) or (h, w), got shape " +
                          text(shape()));
  check_extent(shape(), name);
}

fastcnn_image Image::size() const {
  Shape s = shape();
  return {bytes() ? FASTCNN_PIXEL_UINT8 : FASTCNN_PIXEL_FLOAT32, s[0], s[1], s.size() == 3 ? s[2] : 1};
}

Shape Image::resized(int64_t h, int64_t w) const {
  Shape s = shape();
  if (h < 1 || w < 1)
    throw py::value_error("size: height and width must be at least 1, got (" + std::to_string(h) + ", " +
                          std::to_string(w) + ")");
  s[0] = h, s[1] = w;
  return s;
}

ImageOut::ImageOut(py::handle out, const Image& image, const Shape& shape, bool floats, bool in_place) {
  if (image.bytes() && !floats)
    bytes_.emplace(out, shape).apart_from(image.as_bytes(), in_place);
  else if (image.bytes())
    floats_.emplace(out, shape).apart_from(image.as_bytes());
  else
    floats_.emplace(out, shape).apart_from(image.as_floats(), in_place);
}

std::vector<float> per_channel(py::handle value, const char* name, int64_t c) {
  if (PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr()))
    return std::vector<float>((size_t)c, (float)real(value, name));
  Input<float> numbers(value, name);
  if (numbers.ndim() == 0) return std::vector<float>((size_t)c, numbers.data()[0]);
  if (numbers.ndim() != 1 || (numbers.size() != c && numbers.size() != 1))
    throw py::value_error(std::string(name) + " must be a number or one for each of " + std::to_string(c) +
                          " channels, got shape " + text(numbers.shape()));
  if (numbers.size() == 1) return std::vector<float>((size_t)c, numbers.data()[0]);
  return std::vector<float>(numbers.data(), numbers.data() + c);
}

namespace {

fastcnn_image_interpolation interpolation(py::handle value, bool resize) {
  return (fastcnn_image_interpolation)(resize ? choice(value, "interpolation", {"nearest", "linear", "cubic", "area"})
                                              : choice(value, "interpolation", {"nearest", "linear", "cubic"}));
}

fastcnn_image_border border(py::handle value) {
  return (fastcnn_image_border)choice(value, "border", {"constant", "replicate", "reflect", "reflect_101", "wrap"});
}

// Matrices (2, 3) or (3, 3), or n of them. Their numbers are read when the kernel runs: a program draws them before.
class Matrices {
 public:
  Matrices(py::handle value, const char* name, bool several) : given_(value, name) {
    Shape s = given_.shape();
    size_t lead = several ? 1 : 0;
    if (s.size() != lead + 2 || (s[lead] != 2 && s[lead] != 3) || s[lead + 1] != 3)
      throw py::value_error(std::string(name) + " must have shape " +
                            (several ? "(n, 2, 3) or (n, 3, 3)" : "(2, 3) or (3, 3)") + ", got " + text(s));
    count_ = several ? s[0] : 1;
    numbers_ = s[lead] * 3;
  }
  int64_t count() const { return count_; }
  // Nine numbers each.
  std::vector<double> whole() const {
    std::vector<double> all;
    for (int64_t i = 0; i < count_; i++) {
      const double* m = given_.data() + i * numbers_;
      all.insert(all.end(), m, m + numbers_);
      if (numbers_ == 6) all.insert(all.end(), {0, 0, 1});
    }
    return all;
  }

 private:
  Input<double> given_;
  int64_t count_ = 0, numbers_ = 0;
};

py::array warp(py::handle image, py::handle matrix, py::handle size, py::handle how, py::handle edge, py::handle fill_,
               py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  Pair to = size.is_none() ? Pair{from.h, from.w} : pair(size, "size");
  auto by = interpolation(how, false);
  auto around = border(edge);
  Matrices m(matrix, "matrix", false);
  std::vector<float> fill = per_channel(fill_, "fill", from.c);
  ImageOut y(out, x, x.resized(to.h, to.w));
  run([=, data = y.data()] {
    return fastcnn_image_warp(&from, x.data(), m.whole().data(), by, around, fill.data(), to.h, to.w, data);
  });
  return y.array();
}

Input<float> batch(py::handle value) {
  Input<float> x(value, "images");
  x.rank(4, "(n, h, w, c)");
  check_extent({x.dim(1), x.dim(2), x.dim(3)}, "images");
  return x;
}

void check_size(Pair to) {
  if (to.h < 1 || to.w < 1)
    throw py::value_error("size must be at least 1, got (" + std::to_string(to.h) + ", " + std::to_string(to.w) + ")");
}

py::array warp_batch(py::handle images, py::handle matrices, py::handle size, py::handle how, py::handle edge,
                     py::handle fill_, py::handle out) {
  Input<float> x = batch(images);
  int64_t n = x.dim(0);
  fastcnn_image from{FASTCNN_PIXEL_FLOAT32, x.dim(1), x.dim(2), x.dim(3)};
  Pair to = size.is_none() ? Pair{from.h, from.w} : pair(size, "size");
  check_size(to);
  auto by = interpolation(how, false);
  auto around = border(edge);
  std::vector<float> fill = per_channel(fill_, "fill", from.c);
  Matrices m(matrices, "matrices", true);
  if (m.count() != n)
    throw py::value_error("matrices must be one for each of " + std::to_string(n) + " images, got " +
                          std::to_string(m.count()));
  Output<float> y(out, {n, to.h, to.w, from.c});
  y.apart_from(x);
  run([=] {
    return fastcnn_images_warp(n, &from, x.data(), m.whole().data(), by, around, fill.data(), to.h, to.w, y.data());
  });
  return y.array();
}

py::array resize_batch(py::handle images, py::handle size, py::handle how, Flag<"antialias"> antialias,
                       py::handle out) {
  Input<float> x = batch(images);
  int64_t n = x.dim(0);
  fastcnn_image from{FASTCNN_PIXEL_FLOAT32, x.dim(1), x.dim(2), x.dim(3)};
  Pair to = pair(size, "size");
  check_size(to);
  auto by = interpolation(how, true);
  Output<float> y(out, {n, to.h, to.w, from.c});
  y.apart_from(x);
  run([=] {
    fastcnn_status status = FASTCNN_OK;
    for (int64_t i = 0; i < n && status == FASTCNN_OK; i++)
      status = fastcnn_image_resize(&from, x.data() + i * from.h * from.w * from.c, by, antialias, to.h, to.w,
                                    y.data() + i * to.h * to.w * from.c);
    return status;
  });
  return y.array();
}

py::array resize(py::handle image, py::handle height, py::handle width, py::handle how, Flag<"antialias"> antialias,
                 py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  int64_t h = integer(height, "height"), w = integer(width, "width");
  auto by = interpolation(how, true);
  ImageOut y(out, x, x.resized(h, w));
  run([=, data = y.data()] { return fastcnn_image_resize(&from, x.data(), by, antialias, h, w, data); });
  return y.array();
}

py::array flip(py::handle image, Flag<"horizontal"> horizontal, Flag<"vertical"> vertical, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  ImageOut y(out, x, x.shape());
  run([=, data = y.data()] { return fastcnn_image_flip(&from, x.data(), horizontal, vertical, data); });
  return y.array();
}

py::array crop_pad(py::handle image, py::handle top_, py::handle left_, py::handle height, py::handle width,
                   py::handle edge, py::handle fill_, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  int64_t top = integer(top_, "top"), left = integer(left_, "left");
  int64_t h = integer(height, "height"), w = integer(width, "width");
  auto around = border(edge);
  std::vector<float> fill = per_channel(fill_, "fill", from.c);
  ImageOut y(out, x, x.resized(h, w));
  run([=, data = y.data()] {
    return fastcnn_image_crop_pad(&from, x.data(), top, left, around, fill.data(), h, w, data);
  });
  return y.array();
}

py::array fill(py::handle image, py::handle boxes_, py::handle fill_, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  Input<int64_t> boxes(boxes_, "boxes");
  if (boxes.ndim() != 2 || boxes.dim(1) != 4)
    throw py::value_error("boxes must have shape (k, 4), got " + text(boxes.shape()));
  std::vector<float> colour = per_channel(fill_, "fill", from.c);
  ImageOut y(out, x, x.shape(), false, true);
  y.apart_from(boxes);
  run([=, data = y.data()] {
    return fastcnn_image_fill(&from, x.data(), boxes.dim(0), boxes.data(), colour.data(), data);
  });
  return y.array();
}

py::array blur(py::handle image, py::handle height, py::handle width, py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  int64_t h = integer(height, "height"), w = integer(width, "width");
  ImageOut y(out, x, x.shape());
  run([=, data = y.data()] { return fastcnn_image_blur(&from, x.data(), h, w, data); });
  return y.array();
}

py::array gaussian_blur(py::handle image, Real<"sigma_y"> sigma_y, Real<"sigma_x"> sigma_x, py::handle kernel_size,
                        py::handle out) {
  Image x(image);
  fastcnn_image from = x.size();
  Pair window = kernel_size.is_none() ? Pair{0, 0} : pair(kernel_size, "kernel_size");
  if (!kernel_size.is_none() && (window.h < 1 || window.w < 1))
    throw py::value_error("kernel_size must be at least 1, got (" + std::to_string(window.h) + ", " +
                          std::to_string(window.w) + ")");
  ImageOut y(out, x, x.shape());
  run([=, data = y.data()] {
    return fastcnn_image_gaussian_blur(&from, x.data(), sigma_y, sigma_x, window.h, window.w, data);
  });
  return y.array();
}

}  // namespace

void bind_image_color(py::module_& m);

void bind_image(py::module_& m) {
  m.def("image_warp", warp);
  m.def("images_warp", warp_batch);
  m.def("image_resize", resize);
  m.def("images_resize", resize_batch);
  m.def("image_flip", flip);
  m.def("image_crop_pad", crop_pad);
  m.def("image_fill", fill);
  m.def("image_blur", blur);
  m.def("image_gaussian_blur", gaussian_blur);
  bind_image_color(m);
}

}  // namespace fastcnn::bind
