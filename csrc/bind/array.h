// Python values -> what fastcnn.h takes: arrays, sizes, paddings, names. Every error names the argument.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <vector>

#include "fastcnn/core.h"

namespace fastcnn::bind {

namespace py = pybind11;
using Shape = std::vector<py::ssize_t>;

// The Python exception of a status; returns on FASTCNN_OK.
void check(fastcnn_status status);

// Of an array whose runs along the last axis lie at equal distances, as a slice of the channels of a contiguous array
// does: that distance, in elements. 0 for other arrays.
int64_t pixel_stride(const py::array& a);

// An argument that is read: any array-like as a contiguous array of T in native order, copied only where it must be.
template <class T>
class Input {
 public:
  Input() = default;
  Input(py::handle object, const char* name) : name_(name) { hold(object); }
  // None leaves it empty: data() is null.
  static Input optional(py::handle object, const char* name) {
    return object.is_none() ? Input() : Input(object, name);
  }
  const T* data() const { return array_ ? static_cast<const T*>(array_.data()) : nullptr; }
  int ndim() const { return static_cast<int>(array_.ndim()); }
  int64_t dim(int axis) const { return array_.shape(axis); }
  int64_t size() const { return array_ ? array_.size() : 0; }
  Shape shape() const { return Shape(array_.shape(), array_.shape() + array_.ndim()); }
  explicit operator bool() const { return bool(array_); }
  const py::array& array() const { return array_; }
  // As Input(object, name), but a slice of the channels of a larger array is taken as it is; see pixel().
  static Input channels(py::handle object, const char* name);
  // Elements from one run along the last axis to the next.
  int64_t pixel() const { return pixel_stride(array_); }
  const char* name() const { return name_; }
  // dims: how the axes are called, as in "(n, h, w, c)".
  const Input& rank(int ndim, const char* dims) const;
  const Input& shaped(const Shape& expected) const;

 private:
  void hold(py::handle object, bool channels = false);
  py::array array_{py::reinterpret_steal<py::array>(py::handle())};
  const char* name_ = "";
};

// A result: a new array, 64-byte aligned when it is large, or the caller's `out` once it is found fit: right dtype and
// shape, C-contiguous, writable. Reject overlaps with inputs where the kernel does not work in place.
template <class T>
class Output {
 public:
  explicit Output(const Shape& shape) : Output(py::none(), shape) {}
  Output(py::handle out, const Shape& shape, const char* name = "out", bool channels = false);
  // As Output(out, shape), but it may be a slice of the channels of a larger array; see pixel().
  static Output channels(py::handle out, const Shape& shape) { return Output(out, shape, "out", true); }
  // Elements from one run along the last axis to the next.
  int64_t pixel() const { return pixel_stride(array_); }
  T* data() const { return static_cast<T*>(const_cast<py::array&>(array_).mutable_data()); }
  // in_place: the very same memory is fine, a partial overlap is not.
  template <class U>
  Output& apart_from(const Input<U>& input, bool in_place = false);
  py::array array() const { return array_; }

 private:
  py::array array_;
  const char* name_;
};

// A new float32/other array of this dtype whose memory is ours (aligned, cached between calls). channels: in a program
// it may be a slice of the channels of a larger array.
py::array new_array(const py::dtype& dtype, const Shape& shape, bool channels = false);

int64_t integer(py::handle value, const char* name);
double real(py::handle value, const char* name);

bool flag(py::handle value, const char* name);

// A scalar argument of a bound function; its type carries the name that an error mentions: Flag<"keepdims">.
template <size_t N>
struct Name {
  char text[N];
  constexpr Name(const char (&literal)[N]) {
    for (size_t i = 0; i < N; i++) text[i] = literal[i];
  }
};
template <Name kName>
struct Flag {
  bool value = false;
  operator bool() const { return value; }
};
template <Name kName>
struct Real {
  double value = 0;
  operator double() const { return value; }
};
template <Name kName>
struct Real32 {
  float value = 0;
  operator float() const { return value; }
};

struct Pair {
  int64_t h, w;
};
// An int for both, or (h, w).
Pair pair(py::handle value, const char* name);

// "valid" | "same" | int | (h, w) | ((top, bottom), (left, right)). For "same" see same_padding.
struct Padding {
  bool same = false;
  int64_t top = 0, bottom = 0, left = 0, right = 0;
};
Padding padding(py::handle value, const char* name = "padding");
// TensorFlow's rule: ceil(size / stride) outputs, the odd cell at the end.
void same_padding(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int64_t* before, int64_t* after);

// One of the names, as its index; an error lists them.
int choice(py::handle value, const char* name, std::initializer_list<const char*> names);
// None -> linear.
fastcnn_activation activation(py::handle value, const char* name = "activation");
// One axis, a tuple of them or None (all), as sorted non-negative numbers without repeats.
std::vector<int> axes(py::handle value, int ndim, const char* name = "axis");

// Refuses a filter w of no extent or no outputs (no channels are fine); dims as in "(kh, kw, c, m)".
void check_filter(const Shape& w, const char* dims);

std::string text(const Shape& shape);  // "(1, 2)"

}  // namespace fastcnn::bind

namespace pybind11::detail {

template <fastcnn::bind::Name kName>
struct type_caster<fastcnn::bind::Flag<kName>> {
  PYBIND11_TYPE_CASTER(fastcnn::bind::Flag<kName>, const_name("bool"));
  bool load(handle from, bool) {
    value.value = fastcnn::bind::flag(from, kName.text);
    return true;
  }
};
template <fastcnn::bind::Name kName>
struct type_caster<fastcnn::bind::Real<kName>> {
  PYBIND11_TYPE_CASTER(fastcnn::bind::Real<kName>, const_name("float"));
  bool load(handle from, bool) {
    value.value = fastcnn::bind::real(from, kName.text);
    return true;
  }
};
template <fastcnn::bind::Name kName>
struct type_caster<fastcnn::bind::Real32<kName>> {
  PYBIND11_TYPE_CASTER(fastcnn::bind::Real32<kName>, const_name("float"));
  bool load(handle from, bool) {
    value.value = static_cast<float>(fastcnn::bind::real(from, kName.text));
    return true;
  }
};

}  // namespace pybind11::detail
