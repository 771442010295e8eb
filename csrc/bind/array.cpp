#include "bind/array.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "bind/run.h"

namespace fastcnn::bind {
namespace {

constexpr size_t kOwnFrom = size_t(64) << 10;  // smaller arrays are NumPy's own

py::object& converter() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<py::object> storage;
  return storage.call_once_and_store_result([] { return py::module_::import("fastcnn._arrays").attr("convert"); })
      .get_stored();
}

bool contiguous(const py::array& a) { return (a.flags() & py::array::c_style) != 0; }
// Bytes from the first element of such an array to behind the last.
template <class Array>
size_t extent(const Array& a) {
  int64_t c = a.ndim() ? a.shape(a.ndim() - 1) : 1, pixel = pixel_stride(a);
  if (contiguous(a) || c == 0 || a.size() == 0 || pixel == 0) return (size_t)a.nbytes();
  return (size_t)(((a.size() / c - 1) * pixel + c) * a.itemsize());
}

bool aligned(const py::array& a, size_t to) { return reinterpret_cast<uintptr_t>(a.data()) % to == 0; }

template <class T>
bool native(const py::array& a) {
  py::dtype d = a.dtype();
  if (d.kind() != py::dtype::of<T>().kind() || d.itemsize() != (py::ssize_t)sizeof(T)) return false;
  char order = d.byteorder();
  return order != (std::endian::native == std::endian::little ? '>' : '<');
}

std::string type_name(py::handle value) { return py::str(py::type::handle_of(value).attr("__name__")); }

[[noreturn]] void type_error(const std::string& message) { throw py::type_error(message); }

}  // namespace

void check(fastcnn_status status) {
  if (status == FASTCNN_OK) return;
  PyObject* type = status == FASTCNN_OUT_OF_MEMORY ? PyExc_MemoryError : PyExc_ValueError;
  PyErr_SetString(type, fastcnn_last_error());
  throw py::error_already_set();
}

std::string text(const Shape& shape) {
  std::string s = "(";
  for (size_t i = 0; i < shape.size(); i++) s += (i ? ", " : "") + std::to_string(shape[i]);
  return s + (shape.size() == 1 ? ",)" : ")");
}

int64_t pixel_stride(const py::array& a) {
  int last = (int)a.ndim() - 1;
  int64_t c = last < 0 ? 1 : a.shape(last), item = a.itemsize(), pixel = 0, pixels = 1;
  if (contiguous(a) || last < 0) return c;
  if (c > 1 && a.strides(last) != item) return 0;
  for (int i = last - 1; i >= 0; pixels *= a.shape(i--)) {
    if (a.shape(i) == 1) continue;
    int64_t step = pixels * item;
    if (a.strides(i) <= 0 || a.strides(i) % step != 0 || (pixel && a.strides(i) / step != pixel)) return 0;
    pixel = a.strides(i) / step;
  }
  return pixel >= c ? pixel : 0;
}

template <class T>
Input<T> Input<T>::channels(py::handle object, const char* name) {
  Input input;
  input.name_ = name;
  input.hold(object, true);
  return input;
}

template <class T>
void Input<T>::hold(py::handle object, bool channels) {
  // Subclasses take the slow path, which refuses masked arrays.
  if ((PyObject*)Py_TYPE(object.ptr()) == (PyObject*)py::detail::npy_api::get().PyArray_Type_) {
    auto a = py::reinterpret_borrow<py::array>(object);
    if ((contiguous(a) || (channels && pixel_stride(a))) && native<T>(a) && aligned(a, sizeof(T))) {
      array_ = std::move(a);
      if (Recorder* r = recorder()) r->hold(array_);
      return;
    }
  }
  // A copy made now would be what every later run of the program sees.
  if (recorder())
    type_error(std::string(name_) + " must be a contiguous " + std::string(py::str(py::dtype::of<T>())) +
               " array to be part of a program");
  array_ = py::reinterpret_borrow<py::array>(converter()(object, py::dtype::of<T>(), name_));
}

template <class T>
const Input<T>& Input<T>::rank(int ndim, const char* dims) const {
  if (this->ndim() != ndim)
    throw py::value_error(std::string(name_) + " must have " + std::to_string(ndim) + " dimensions " + dims +
                          ", got shape " + text(shape()));
  return *this;
}

template <class T>
const Input<T>& Input<T>::shaped(const Shape& expected) const {
  if (*this && shape() != expected)
    throw py::value_error(std::string(name_) + " must have shape " + text(expected) + ", got " + text(shape()));
  return *this;
}

Recorder*& recorder() {
  static thread_local Recorder* current = nullptr;
  return current;
}

Moved& moved() {
  static thread_local Moved current;
  return current;
}

py::array fresh_array(const py::dtype& dtype, const Shape& shape) {
  int64_t bytes = dtype.itemsize(), extent = bytes;  // NumPy wants strides to fit even where an array is empty
  for (py::ssize_t d : shape)
    if (d < 0 || __builtin_mul_overflow(bytes, (int64_t)d, &bytes) ||
        (d > 0 && __builtin_mul_overflow(extent, (int64_t)d, &extent))) {
      PyErr_SetString(PyExc_MemoryError, ("no memory for an array of shape " + text(shape)).c_str());
      throw py::error_already_set();
    }
  if (bytes < (int64_t)kOwnFrom) return py::array(dtype, shape);
  void* memory = fastcnn_alloc((size_t)bytes);
  if (!memory) {
    PyErr_SetString(PyExc_MemoryError, ("no memory for an array of shape " + text(shape)).c_str());
    throw py::error_already_set();
  }
  py::capsule owner(memory, [](void* p) { fastcnn_free(p); });
  return py::array(dtype, shape, memory, owner);
}

py::array new_array(const py::dtype& dtype, const Shape& shape, bool channels) {
  if (Recorder* r = recorder()) {
    if (py::object memory = r->place(dtype, shape, channels)) return memory;
    py::array scratch = fresh_array(dtype, shape);
    r->hold(scratch);
    return scratch;
  }
  return fresh_array(dtype, shape);
}

template <class T>
Output<T>::Output(py::handle out, const Shape& shape, const char* name, bool channels) : name_(name) {
  py::dtype dtype = py::dtype::of<T>();
  if (out.is_none()) {
    array_ = new_array(dtype, shape, channels);
    return;
  }
  std::string who = name;
  if (!py::isinstance<py::array>(out)) type_error(who + " must be a NumPy array, got " + type_name(out));
  auto a = py::reinterpret_borrow<py::array>(out);
  if (!native<T>(a))
    type_error(who + " must have dtype " + std::string(py::str(dtype)) + ", got " + std::string(py::str(a.dtype())));
  Shape got(a.shape(), a.shape() + a.ndim());
  if (got != shape) throw py::value_error(who + " must have shape " + text(shape) + ", got " + text(got));
  if (!(contiguous(a) || (channels && pixel_stride(a))) || !aligned(a, sizeof(T)))
    throw py::value_error(who + " must be C-contiguous and aligned" +
                          (channels ? ", or a slice of the channels of such an array" : ""));
  if (!a.writeable()) throw py::value_error(who + " must be writable, got a read-only array");
  array_ = std::move(a);
  if (Recorder* r = recorder()) r->hold(array_);
}

template <class T>
template <class U>
Output<T>& Output<T>::apart_from(const Input<U>& input, bool in_place) {
  if (!input) return *this;
  auto begin = reinterpret_cast<uintptr_t>(array_.data()), end = begin + extent(array_);
  auto other = reinterpret_cast<uintptr_t>(input.data()), other_end = other + extent(input.array());
  bool overlap = begin < other_end && other < end;
  if (overlap && !(in_place && begin == other && end == other_end))
    throw py::value_error(std::string(name_) + " must not share memory with " + input.name());
  return *this;
}

void check_filter(const Shape& w, const char* dims) {
  for (size_t i = 0; i < w.size(); i++)
    if (w[i] < 1 && i + 2 != w.size())
      throw py::value_error(std::string("w must have sizes of at least 1 ") + dims + ", got " + text(w));
}

int64_t integer(py::handle value, const char* name) {
  auto index = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
  if (!index) {
    PyErr_Clear();
    type_error(std::string(name) + " must be an integer, got " + type_name(value));
  }
  int overflow = 0;
  long long n = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow) throw py::value_error(std::string(name) + " is out of range: " + std::string(py::str(index)));
  return n;
}

double real(py::handle value, const char* name) {
  double d = PyFloat_AsDouble(value.ptr());
  if (d == -1.0 && PyErr_Occurred()) {
    PyErr_Clear();
    type_error(std::string(name) + " must be a number, got " + type_name(value));
  }
  return d;
}

bool flag(py::handle value, const char* name) {
  if (value.ptr() == Py_True) return true;
  if (value.ptr() == Py_False) return false;
  bool number = PyIndex_Check(value.ptr()) || type_name(value).rfind("bool", 0) == 0;  // numpy.bool too
  int truth = number && !py::isinstance<py::array>(value) ? PyObject_IsTrue(value.ptr()) : -1;
  if (truth < 0) {
    PyErr_Clear();
    type_error(std::string(name) + " must be True or False, got " + type_name(value));
  }
  return truth == 1;
}

namespace {

// A string's UTF-8, or an error that names the argument.
std::string utf8(py::handle value, const char* name) {
  const char* word = PyUnicode_AsUTF8(value.ptr());
  if (word) return word;
  PyErr_Clear();
  throw py::value_error(std::string(name) + " must be a known word, got text that is not Unicode");
}

bool is_sequence_of(py::handle value, size_t size) {
  return (PyTuple_Check(value.ptr()) || PyList_Check(value.ptr()) || py::isinstance<py::array>(value)) &&
         PySequence_Check(value.ptr()) && (size_t)PySequence_Size(value.ptr()) == size;
}

bool is_integer(py::handle value) { return PyLong_Check(value.ptr()) || PyIndex_Check(value.ptr()); }

}  // namespace

Pair pair(py::handle value, const char* name) {
  if (PyTuple_Check(value.ptr()) && PyTuple_GET_SIZE(value.ptr()) == 2)
    return {integer(PyTuple_GET_ITEM(value.ptr(), 0), name), integer(PyTuple_GET_ITEM(value.ptr(), 1), name)};
  if (PyLong_Check(value.ptr())) {
    int64_t n = integer(value, name);
    return {n, n};
  }
  if (is_sequence_of(value, 2)) {
    auto s = py::reinterpret_borrow<py::sequence>(value);
    return {integer(py::object(s[0]), name), integer(py::object(s[1]), name)};
  }
  if (is_integer(value) && !py::isinstance<py::array>(value)) {
    int64_t n = integer(value, name);
    return {n, n};
  }
  std::string got = py::repr(value);
  std::string message = std::string(name) + " must be an integer or a pair of integers, got " + got.substr(0, 80);
  if (PySequence_Check(value.ptr()) && !PyUnicode_Check(value.ptr())) throw py::value_error(message);
  type_error(message);
}

Padding padding(py::handle value, const char* name) {
  Padding p;
  if (PyUnicode_Check(value.ptr())) {
    std::string word = utf8(value, name);
    std::transform(word.begin(), word.end(), word.begin(), ::tolower);
    if (word == "valid") return p;
    if (word == "same") {
      p.same = true;
      return p;
    }
    throw py::value_error(std::string(name) +
                          " must be 'valid', 'same', an int, (h, w) or ((top, bottom), (left, right)), got '" +
                          word.substr(0, 40) + "'");
  }
  if (is_sequence_of(value, 2)) {
    auto s = py::reinterpret_borrow<py::sequence>(value);
    py::object first = s[0], second = s[1];
    if (is_sequence_of(first, 2) && is_sequence_of(second, 2)) {
      Pair rows = pair(first, name), columns = pair(second, name);
      p.top = rows.h, p.bottom = rows.w, p.left = columns.h, p.right = columns.w;
      return p;
    }
  }
  Pair both = pair(value, name);
  p.top = p.bottom = both.h;
  p.left = p.right = both.w;
  return p;
}

void same_padding(int64_t size, int64_t kernel, int64_t stride, int64_t dilation, int64_t* before, int64_t* after) {
  *before = *after = 0;
  int64_t reach = 0, out = 0, need = 0;
  if (size <= 0 || kernel <= 0 || stride <= 0 || dilation <= 0) return;  // the API reports these
  if (__builtin_mul_overflow(kernel - 1, dilation, &reach)) throw py::value_error("dilation is out of range");
  out = size / stride + (size % stride != 0);
  // (out - 1) * stride < size, so only the reach can overflow
  if (__builtin_add_overflow((out - 1) * stride + 1 - size, reach, &need))
    throw py::value_error("dilation is out of range");
  if (need <= 0) return;
  *before = need / 2;
  *after = need - *before;
}

int choice(py::handle value, const char* name, std::initializer_list<const char*> names) {
  std::string list;
  for (const char* n : names) list += (list.empty() ? "'" : ", '") + std::string(n) + "'";
  if (!PyUnicode_Check(value.ptr()))
    type_error(std::string(name) + " must be one of " + list + ", got " + type_name(value));
  std::string word = utf8(value, name);
  int i = 0;
  for (const char* n : names) {
    if (word == n) return i;
    i++;
  }
  throw py::value_error(std::string(name) + " must be one of " + list + ", got '" + word.substr(0, 40) + "'");
}

fastcnn_activation activation(py::handle value, const char* name) {
  if (value.is_none()) return FASTCNN_LINEAR;
  return (fastcnn_activation)choice(
      value, name,
      {"linear", "step", "relu", "relu6", "leaky_relu", "elu", "selu", "sigmoid", "hard_sigmoid", "tanh", "softplus",
       "softsign", "silu", "hard_silu", "gelu", "gelu_tanh", "mish", "exp"});
}

std::vector<int> axes(py::handle value, int ndim, const char* name) {
  std::vector<int> result;
  if (value.is_none()) {
    for (int i = 0; i < ndim; i++) result.push_back(i);
    return result;
  }
  std::vector<int64_t> given;
  if (PyTuple_Check(value.ptr()) || PyList_Check(value.ptr()))
    for (py::handle h : py::reinterpret_borrow<py::sequence>(value)) given.push_back(integer(h, name));
  else
    given.push_back(integer(value, name));
  for (int64_t axis : given) {
    if (axis < -ndim || axis >= ndim)
      throw py::value_error(std::string(name) + " must be between " + std::to_string(-ndim) + " and " +
                            std::to_string(ndim - 1) + ", got " + std::to_string(axis));
    result.push_back((int)(axis < 0 ? axis + ndim : axis));
  }
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end())
    throw py::value_error(std::string(name) + " must not name an axis twice");
  return result;
}

// The element types that arguments and results come in.
#define FASTCNN_ELEMENT(T)                                                \
  template class Input<T>;                                                \
  template class Output<T>;                                               \
  template Output<T>& Output<T>::apart_from(const Input<float>&, bool);   \
  template Output<T>& Output<T>::apart_from(const Input<int64_t>&, bool); \
  template Output<T>& Output<T>::apart_from(const Input<uint8_t>&, bool);
FASTCNN_ELEMENT(float)
FASTCNN_ELEMENT(double)
FASTCNN_ELEMENT(bool)
FASTCNN_ELEMENT(uint8_t)
FASTCNN_ELEMENT(int32_t)
FASTCNN_ELEMENT(int64_t)

}  // namespace fastcnn::bind
