// Images as arguments and results: (h, w, c) or (h, w), bytes or floats.
#pragma once
#include <optional>

#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {

class Image {
 public:
  // uint8 stays so; all other numbers become float32.
  explicit Image(py::handle value, const char* name = "image");
  bool bytes() const { return bool(bytes_); }
  const void* data() const { return bytes() ? (const void*)bytes_.data() : floats_.data(); }
  Shape shape() const { return bytes() ? bytes_.shape() : floats_.shape(); }
  fastcnn_image size() const;
  // A result of h x w pixels of this image's type and channels.
  Shape resized(int64_t h, int64_t w) const;

  const Input<uint8_t>& as_bytes() const { return bytes_; }
  const Input<float>& as_floats() const { return floats_; }

 private:
  Input<uint8_t> bytes_;
  Input<float> floats_;
};

// The result of a call on an image, of the image's type, or float32.
class ImageOut {
 public:
  ImageOut(py::handle out, const Image& image, const Shape& shape, bool floats = false, bool in_place = false);
  void* data() const { return bytes_ ? (void*)bytes_->data() : floats_->data(); }
  py::array array() const { return bytes_ ? bytes_->array() : floats_->array(); }
  // Refuses memory that another argument lies in.
  template <class U>
  void apart_from(const Input<U>& other) {
    if (bytes_)
      bytes_->apart_from(other);
    else
      floats_->apart_from(other);
  }

 private:
  std::optional<Output<uint8_t>> bytes_;
  std::optional<Output<float>> floats_;
};

// Refuses sides and channels beyond what the API takes, before anything is allocated for them.
void check_extent(const Shape& shape, const char* name);

// A number for all channels, or one for each.
std::vector<float> per_channel(py::handle value, const char* name, int64_t c);

}  // namespace fastcnn::bind
