// The call of a kernel: now, without the GIL; or, while a program is being recorded, kept to be run later.
#pragma once
#include <functional>
#include <utility>

#include "bind/array.h"

namespace fastcnn::bind {

using Step = std::function<fastcnn_status()>;

// Set while this thread records a program: keeps a step instead of running it.
class Recorder {
 public:
  virtual ~Recorder() = default;
  virtual void keep(Step step) = 0;
  // The memory of a result; an empty handle leaves the choice to the caller.
  // channels: it may be a slice of the channels of a larger array.
  virtual py::object place(const py::dtype& dtype, const Shape& shape, bool channels) = 0;
  // Steps hold plain pointers: the arrays must live as long as they.
  virtual void hold(py::object array) = 0;
  // The array, held before, may be elsewhere when the step runs.
  virtual void follow(const py::array& array) = 0;
};
Recorder*& recorder();

// While this thread runs a program: bytes that were elsewhere when it was recorded.
struct Moved {
  const char *from = nullptr, *to = nullptr;
  size_t bytes = 0;
};
Moved& moved();

// An input whose step, if it is recorded, reads it wherever it has moved to: by data().
class Movable {
 public:
  explicit Movable(const Input<float>& x) : x_(x) {
    if (Recorder* r = recorder()) r->follow(x.array());
  }
  const float* data() const {
    const Moved& m = moved();
    const float* at = x_.data();
    size_t offset = reinterpret_cast<const char*>(at) - m.from;
    return offset < m.bytes ? reinterpret_cast<const float*>(m.to + offset) : at;
  }

 private:
  Input<float> x_;
};

// call captures by value all it needs, arrays too: it may run long after the function that made it returned.
template <class F>
void run(F call) {
  if (Recorder* r = recorder()) {
    r->keep(std::move(call));
    return;
  }
  fastcnn_status status;
  {
    py::gil_scoped_release nogil;
    status = call();
  }
  check(status);
}

// Of calls whose result is a Python number: they cannot be put off.
template <class F>
void run_now(F call) {
  if (recorder()) throw py::type_error("a call that returns a number cannot be part of a program");
  fastcnn_status status;
  {
    py::gil_scoped_release nogil;
    status = call();
  }
  check(status);
}

}  // namespace fastcnn::bind
