// A program: kernels in a fixed order on fixed memory, recorded once and run with a single call.
#include <pybind11/stl.h>

#include <chrono>

#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// Steps that were recorded while Python called the kernels as always: `with program: kernels.conv2d(...)`.
class Program : public Recorder {
 public:
  void keep(Step step) override { steps_.push_back(std::move(step)); }

  // A result goes to the first free place of its type and shape, or else of its size; what has none is scratch of the
  // kernel's own.
  py::object place(const py::dtype& dtype, const Shape& shape) override {
    py::ssize_t size = 1;
    for (py::ssize_t d : shape) size *= d;
    for (bool exactly : {true, false})
      for (py::object& free : places_) {
        if (!free) continue;
        py::array a = py::reinterpret_borrow<py::array>(free);
        if (!a.dtype().equal(dtype) || a.size() != size) continue;
        if (exactly && Shape(a.shape(), a.shape() + a.ndim()) != shape) continue;
        hold(free);
        free = py::object();
        return exactly ? py::object(a) : a.attr("reshape")(py::cast(shape));
      }
    return py::object();
  }
  void hold(py::object array) override { kept_.push_back({steps_.size(), std::move(array)}); }

  void begin(py::list places) {
    if (recorder()) throw py::value_error("another program is being recorded in this thread");
    places_.clear();
    for (py::handle place : places) places_.push_back(py::reinterpret_borrow<py::object>(place));
    recorder() = this;
  }
  // Whether all places were taken.
  bool end() {
    recorder() = nullptr;
    bool all = true;
    for (const py::object& free : places_) all = all && !free;
    places_.clear();
    return all;
  }
  // Forgets the steps from `size` on, and the memory that only they use.
  void truncate(size_t size) {
    if (size < steps_.size()) steps_.resize(size);
    while (!kept_.empty() && kept_.back().step >= size) kept_.pop_back();
  }
  void run() {
    size_t first = 0;
    const size_t last = steps_.size();
    using Clock = std::chrono::steady_clock;
    constexpr auto kPatience = std::chrono::milliseconds(50);
    while (first < last) {
      fastcnn_status status = FASTCNN_OK;
      {
        py::gil_scoped_release nogil;
        auto until = Clock::now() + kPatience;
        do status = steps_[first++]();
        while (status == FASTCNN_OK && first < last && Clock::now() < until);
      }
      check(status);
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
  }
  // Nanoseconds of every step of one run.
  std::vector<int64_t> time() {
    using Clock = std::chrono::steady_clock;
    std::vector<int64_t> spent;
    for (Step& step : steps_) {
      auto start = Clock::now();
      fastcnn_status status;
      {
        py::gil_scoped_release nogil;
        status = step();
      }
      check(status);
      spent.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
    }
    return spent;
  }
  size_t size() const { return steps_.size(); }

 private:
  struct Kept {
    size_t step;
    py::object array;
  };
  std::vector<Step> steps_;
  std::vector<py::object> places_;
  std::vector<Kept> kept_;
};

}  // namespace

void bind_program(py::module_& m) {
  using py::arg;
  py::class_<Program>(m, "Program")
      .def(py::init<>())
      .def("begin", &Program::begin, arg("places"))
      .def("end", &Program::end)
      .def("run", &Program::run)
      .def("truncate", &Program::truncate, arg("size"))
      .def("time", &Program::time)
      .def("__len__", &Program::size);
}

}  // namespace fastcnn::bind
