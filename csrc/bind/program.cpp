// A program: kernels in a fixed order on fixed memory, recorded once and run with a single call.
#include <pybind11/stl.h>

#include <atomic>
#include <chrono>
#include <cstring>

#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// Workspace that steps of a program share: what its first run asked for, so that later runs allocate nothing.
class Scratch {
 public:
  Scratch() = default;
  Scratch(const Scratch&) = delete;
  ~Scratch() { fastcnn_free(memory_); }

  // Lends it to this thread for the life of the object; not where another thread has it.
  class Loan {
   public:
    explicit Loan(Scratch& scratch) : scratch_(scratch), alone_(!scratch.taken_.test_and_set()) {}
    Loan(const Loan&) = delete;
    ~Loan() {
      if (!alone_) return;
      fastcnn_lend_workspace(nullptr, 0, nullptr);
      scratch_.grow();
      scratch_.taken_.clear();
    }
    // For the next step: memory of its own, where it has some that is enough.
    void lend(char* own, size_t bytes, size_t* wanted) {
      if (!alone_) return;
      if (own && *wanted <= bytes)
        fastcnn_lend_workspace(own, bytes, wanted);
      else
        fastcnn_lend_workspace(scratch_.memory_, scratch_.bytes_, &scratch_.wanted_);
    }

   private:
    Scratch& scratch_;
    bool alone_;
  };

 private:
  // Where there is no memory for more, calls find their own.
  void grow() {
    if (wanted_ <= bytes_) return;
    fastcnn_free(memory_);
    memory_ = fastcnn_alloc(wanted_);
    bytes_ = memory_ ? wanted_ : 0;
  }
  void* memory_ = nullptr;
  size_t bytes_ = 0, wanted_ = 0;
  std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
};

// Steps that were recorded while Python called the kernels as always: `with program: kernels.conv2d(...)`.
class Program : public Recorder {
 public:
  void keep(Step step) override { steps_.push_back({std::move(step), own_, own_bytes_, 0}); }

  // A result goes to the first free place of its type and shape, or else of its size; what has none is scratch of the
  // kernel's own.
  py::object place(const py::dtype& dtype, const Shape& shape, bool channels) override {
    py::ssize_t size = 1;
    for (py::ssize_t d : shape) size *= d;
    for (bool exactly : {true, false})
      for (py::object& free : places_) {
        if (!free) continue;
        py::array a = py::reinterpret_borrow<py::array>(free);
        if (!a.dtype().equal(dtype) || a.size() != size) continue;
        if (!(exactly && channels) && !(a.flags() & py::array::c_style)) continue;
        if (exactly && Shape(a.shape(), a.shape() + a.ndim()) != shape) continue;
        hold(free);
        free = py::object();
        return exactly ? py::object(a) : a.attr("reshape")(py::cast(shape));
      }
    return py::object();
  }
  void hold(py::object array) override { kept_.push_back({steps_.size(), std::move(array)}); }
  void follow(const py::array& array) override {
    for (size_t i = kept_.size(); i-- > 0 && kept_[i].step == steps_.size();)
      if (kept_[i].array.is(array) && !kept_[i].follows) {  // once: what is added to the result stays
        kept_[i].follows = true;
        return;
      }
  }

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
    if (size <= whole_from_) whole_from_ = kNever;
  }
  // Workspace for the steps that are recorded next, which nobody else uses while they run; None ends it.
  void lend(py::object memory) {
    own_ = nullptr, own_bytes_ = 0;
    if (memory.is_none()) return;
    auto bytes = py::array_t<uint8_t>::ensure(memory);
    own_ = reinterpret_cast<char*>(bytes.mutable_data()), own_bytes_ = (size_t)bytes.size();
    hold(memory);
  }
  // A step that is all of another program, as it is when this one runs. From the first such step on nothing breaks a
  // run off: they update weights, and half an update would be none.
  void include(py::object other) {
    Program* program = &other.cast<Program&>();
    if (program == this) throw py::value_error("a program cannot include itself");
    if (whole_from_ == kNever) whole_from_ = steps_.size();
    hold(other);
    keep([program] {
      fastcnn_status status = FASTCNN_OK;
      for (Own& step : program->steps_)
        if (status == FASTCNN_OK) status = step.call();
      return status;
    });
  }
  void run() {
    size_t first = 0;
    const size_t last = steps_.size();
    Scratch::Loan loan(scratch_);
    using Clock = std::chrono::steady_clock;
    constexpr auto kPatience = std::chrono::milliseconds(50);
    while (first < last) {
      fastcnn_status status = FASTCNN_OK;
      {
        py::gil_scoped_release nogil;
        auto until = Clock::now() + kPatience;
        do {
          Own& step = steps_[first++];
          loan.lend(step.own, step.bytes, &step.wanted);
          status = step.call();
        } while (status == FASTCNN_OK && first < last && Clock::now() < until);
      }
      check(status);
      // After the last step there is nothing left to break off.
      if (first < last && first <= whole_from_ && PyErr_CheckSignals() != 0) throw py::error_already_set();
    }
  }
  // Whether runs may read an array of the program's inputs elsewhere: all steps that read it will follow.
  bool can_move(py::array own) const {
    bool read = false;
    for (const Kept& kept : kept_) {
      if (!within(own, kept.array)) continue;
      if (!kept.follows) return false;
      read = true;
    }
    return read;
  }
  // A run that reads `given` in the place of `own`, of which can_move is true.
  void run_on(py::array own, py::array given) {
    Input<float> from(own, "own"), to(given, "given");
    to.shaped(from.shape());
    Elsewhere back;
    moved() = {(const char*)from.data(), (const char*)to.data(), (size_t)from.size() * sizeof(float)};
    run();
  }
  // What answers run on: the input they read, and their result. moves: as can_move found.
  void answer_with(py::array own, py::array result, bool moves) {
    if (!Input<float>(own, "own").array().is(own) || !Input<float>(result, "result").array().is(result))
      throw py::type_error("answer_with takes contiguous arrays of float32 and no others");
    own_input_ = own, result_ = result;
    moves_ = moves;
  }
  // The result of a run on `given`, in memory of its own; None where that is no such array as the input.
  py::object answer(py::handle given) {
    if (!own_input_ || !py::isinstance<py::array>(given)) return py::none();
    auto x = py::reinterpret_borrow<py::array>(given);
    constexpr int kFlags = py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_;
    if (!x.dtype().is(own_input_.dtype()) || (x.flags() & kFlags) != kFlags || x.ndim() != own_input_.ndim())
      return py::none();
    for (py::ssize_t i = 0; i < x.ndim(); i++)
      if (x.shape(i) != own_input_.shape(i)) return py::none();
    auto to = static_cast<char*>(own_input_.mutable_data());
    const size_t bytes = (size_t)x.nbytes();
    Elsewhere back;
    if (moves_)
      moved() = {to, static_cast<const char*>(x.data()), bytes};
    else
      memcpy(to, x.data(), bytes);
    run();
    py::array y(result_.dtype(), Shape(result_.shape(), result_.shape() + result_.ndim()));
    memcpy(y.mutable_data(), result_.data(), (size_t)y.nbytes());
    return y;
  }
  // Nanoseconds of every step of one run.
  std::vector<int64_t> time() {
    using Clock = std::chrono::steady_clock;
    std::vector<int64_t> spent;
    Scratch::Loan loan(scratch_);
    for (Own& step : steps_) {
      auto start = Clock::now();
      fastcnn_status status;
      {
        py::gil_scoped_release nogil;
        loan.lend(step.own, step.bytes, &step.wanted);
        status = step.call();
      }
      check(status);
      spent.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
    }
    return spent;
  }
  size_t size() const { return steps_.size(); }

 private:
  // Puts back, at its end, what this thread had moved before.
  struct Elsewhere {
    Moved before = moved();
    ~Elsewhere() { moved() = before; }
  };
  static constexpr size_t kNever = SIZE_MAX;
  struct Own {
    Step call;
    char* own;  // workspace, where it has one
    size_t bytes, wanted;
  };
  struct Kept {
    size_t step;
    py::object array;
    bool follows = false;
  };
  static py::array none() { return py::reinterpret_steal<py::array>(py::handle()); }
  static bool within(const py::array& whole, const py::object& part) {
    auto begin = static_cast<const char*>(whole.data());
    auto at = static_cast<const char*>(py::reinterpret_borrow<py::array>(part).data());
    return at >= begin && at < begin + whole.nbytes();
  }
  std::vector<Own> steps_;
  char* own_ = nullptr;  // of the steps that are recorded next
  size_t own_bytes_ = 0, whole_from_ = kNever;
  std::vector<py::object> places_;
  std::vector<Kept> kept_;
  Scratch scratch_;
  py::array own_input_ = none(), result_ = none();  // of answers
  bool moves_ = false;
};

}  // namespace

void bind_program(py::module_& m) {
  using py::arg;
  py::class_<Program>(m, "Program")
      .def(py::init<>())
      .def("begin", &Program::begin, arg("places"))
      .def("end", &Program::end)
      .def("run", &Program::run)
      .def("can_move", &Program::can_move, arg("own"))
      .def("run_on", &Program::run_on, arg("own"), arg("given"))
      .def("answer_with", &Program::answer_with, arg("own"), arg("result"), arg("moves"))
      .def("answer", &Program::answer, arg("given"))
      .def("truncate", &Program::truncate, arg("size"))
      .def("lend", &Program::lend, arg("memory"))
      .def("include", &Program::include, arg("program"))
      .def("time", &Program::time)
      .def("__len__", &Program::size);
}

}  // namespace fastcnn::bind
