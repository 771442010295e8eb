#include <memory>

#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// An array that is updated in place: float32, contiguous, writable, of as many elements as w.
Output<float> in_place(py::handle value, const char* name, int64_t size = -1) {
  if (!py::isinstance<py::array>(value))
    throw py::type_error(std::string(name) + " must be a NumPy array, got " +
                         std::string(py::str(py::type::handle_of(value).attr("__name__"))));
  auto a = py::reinterpret_borrow<py::array>(value);
  if (size >= 0 && a.size() != size)
    throw py::value_error(std::string(name) + " must have as many elements as w, " + std::to_string(size) +
                          ", got shape " + text(Shape(a.shape(), a.shape() + a.ndim())));
  return Output<float>(value, Shape(a.shape(), a.shape() + a.ndim()), name);
}

// A slot, or null for None.
class Optional {
 public:
  Optional(py::handle value, const char* name, int64_t size) {
    if (!value.is_none()) array_ = std::make_unique<Output<float>>(in_place(value, name, size));
  }
  float* data() { return array_ ? array_->data() : nullptr; }

 private:
  std::unique_ptr<Output<float>> array_;
};

// A number that may change between runs of a program: while one is recorded, a float64 array of one element is read
// when the step runs.
class Moving {
 public:
  Moving() = default;
  Moving(py::handle value, const char* name) {
    Recorder* r = recorder();
    if (r && py::isinstance<py::array_t<double>>(value)) {
      auto array = py::reinterpret_borrow<py::array>(value);
      if (array.size() != 1)
        throw py::value_error(std::string(name) + " must have one element to be part of a program");
      at_ = static_cast<const double*>(array.data());
      r->hold(array);
    } else {
      value_ = real(value, name);
    }
  }
  double now() const { return at_ ? *at_ : value_; }

 private:
  double value_ = 0;
  const double* at_ = nullptr;
};
template <Name kName>
struct Rate {
  Moving value;
};

}  // namespace
}  // namespace fastcnn::bind

namespace pybind11::detail {
template <fastcnn::bind::Name kName>
struct type_caster<fastcnn::bind::Rate<kName>> {
  PYBIND11_TYPE_CASTER(fastcnn::bind::Rate<kName>, const_name("float"));
  bool load(handle from, bool) {
    value.value = fastcnn::bind::Moving(from, kName.text);
    return true;
  }
};
}  // namespace pybind11::detail

namespace fastcnn::bind {
namespace {

// Which update this is: an int, or one that moves.
class StepNumber {
 public:
  explicit StepNumber(py::handle value) {
    if (recorder() && py::isinstance<py::array_t<double>>(value))
      moving_ = Moving(value, "step");
    else
      fixed_ = integer(value, "step");
  }
  int64_t now() const { return fixed_ ? fixed_ : (int64_t)moving_.now(); }

 private:
  int64_t fixed_ = 0;
  Moving moving_;
};

// w, g and the options that all updates share, as Python gives them.
class Update {
 public:
  Update(py::handle w, py::handle g, const Moving& learning_rate, py::handle options)
      : w_(in_place(w, "w")), g_(g, "g"), size_(w_.array().size()), rate_(learning_rate) {
    py::array a = w_.array();
    g_.shaped(Shape(a.shape(), a.shape() + a.ndim()));
    PyObject* o = options.ptr();  // (weight_decay, l2, clipvalue, scale, return_ratio)
    update_ = {rate_.now(), optional(PyTuple_GET_ITEM(o, 0), "weight_decay"), real(PyTuple_GET_ITEM(o, 1), "l2"),
               optional(PyTuple_GET_ITEM(o, 2), "clipvalue"), 1};
    scale_ = Moving(PyTuple_GET_ITEM(o, 3), "scale");
    update_.scale = scale_.now();
    wants_ratio_ = PyObject_IsTrue(PyTuple_GET_ITEM(o, 4)) == 1;
    // 0 means "none" in the C API; a caller who says 0 means something else.
    if (PyTuple_GET_ITEM(o, 2) != Py_None && !(update_.clipvalue > 0))
      throw py::value_error("clipvalue must be None or positive, got " + std::string(py::str(PyTuple_GET_ITEM(o, 2))));
  }
  Output<float> slot(py::handle value, const char* name) const { return in_place(value, name, size_); }
  Optional optional_slot(py::handle value, const char* name) const { return Optional(value, name, size_); }

  // call(update, size, g, w, ratio) without the GIL. Returns the ratio or None.
  template <class F>
  py::object run(F call) {
    if (!wants_ratio_) {
      bind::run([call, update = update_, rate = rate_, scale = scale_, size = size_, g = g_.data(), w = w_.data()] {
        fastcnn_update now = update;
        now.learning_rate = rate.now();
        now.scale = scale.now();
        return call(&now, size, g, w, nullptr);
      });
      return py::none();
    }
    double ratio = 0;
    run_now([&] { return call(&update_, size_, g_.data(), w_.data(), &ratio); });
    return py::float_(ratio);
  }

 private:
  static double optional(py::handle value, const char* name) { return value.is_none() ? 0 : real(value, name); }
  Output<float> w_;
  Input<float> g_;
  int64_t size_;
  fastcnn_update update_;
  Moving rate_, scale_;
  bool wants_ratio_;
};

using U = const fastcnn_update*;

py::object sgd(py::handle w, py::handle g, py::handle velocity_, const Rate<"learning_rate">& lr,
               Real<"momentum"> momentum, Flag<"nesterov"> nesterov, py::handle options) {
  Update update(w, g, lr.value, options);
  Optional slot = update.optional_slot(velocity_, "velocity");
  float* velocity = slot.data();
  return update.run([=](U u, int64_t size, const float* g, float* w, double* ratio) {
    return fastcnn_sgd(u, momentum, nesterov, size, g, w, velocity, ratio);
  });
}

py::object adagrad(py::handle w, py::handle g, py::handle accumulator_, const Rate<"learning_rate">& lr,
                   Real<"epsilon"> epsilon, py::handle options) {
  Update update(w, g, lr.value, options);
  float* accumulator = update.slot(accumulator_, "accumulator").data();
  return update.run([=](U u, int64_t size, const float* g, float* w, double* ratio) {
    return fastcnn_adagrad(u, epsilon, size, g, w, accumulator, ratio);
  });
}

py::object rmsprop(py::handle w, py::handle g, py::handle velocity_, py::handle average_, py::handle momentum_slot_,
                   const Rate<"learning_rate">& lr, Real<"rho"> rho, Real<"momentum"> momentum, Real<"epsilon"> epsilon,
                   py::handle options) {
  Update update(w, g, lr.value, options);
  float* velocity = update.slot(velocity_, "velocity").data();
  float* average = update.optional_slot(average_, "average").data();
  float* momentum_slot = update.optional_slot(momentum_slot_, "momentum_slot").data();
  fastcnn_rmsprop_params p = {rho, momentum, epsilon};
  return update.run([=](U u, int64_t size, const float* g, float* w, double* ratio) {
    return fastcnn_rmsprop(u, &p, size, g, w, velocity, average, momentum_slot, ratio);
  });
}

py::object adadelta(py::handle w, py::handle g, py::handle accumulated_g, py::handle accumulated_d,
                    const Rate<"learning_rate">& lr, Real<"rho"> rho, Real<"epsilon"> epsilon, py::handle options) {
  Update update(w, g, lr.value, options);
  float* ag = update.slot(accumulated_g, "accumulated_g").data();
  float* ad = update.slot(accumulated_d, "accumulated_d").data();
  return update.run([=](U u, int64_t size, const float* g, float* w, double* ratio) {
    return fastcnn_adadelta(u, rho, epsilon, size, g, w, ag, ad, ratio);
  });
}

py::object adam(py::handle w, py::handle g, py::handle m_, py::handle v_, py::handle step,
                const Rate<"learning_rate">& lr, Real<"beta_1"> beta_1, Real<"beta_2"> beta_2, Real<"epsilon"> epsilon,
                py::handle v_max_, py::handle options) {
  Update update(w, g, lr.value, options);
  float *m = update.slot(m_, "m").data(), *v = update.slot(v_, "v").data();
  float* v_max = update.optional_slot(v_max_, "v_max").data();
  fastcnn_adam_params p = {beta_1, beta_2, epsilon, 0};
  return update.run([=, step = StepNumber(step)](U u, int64_t size, const float* g, float* w, double* ratio) {
    fastcnn_adam_params at = p;
    at.step = step.now();
    return fastcnn_adam(u, &at, size, g, w, m, v, v_max, ratio);
  });
}

template <auto Function, char kSecond>  // kSecond: what the second slot is called
py::object moments(py::handle w, py::handle g, py::handle m_, py::handle v_, py::handle step,
                   const Rate<"learning_rate">& lr, Real<"beta_1"> beta_1, Real<"beta_2"> beta_2,
                   Real<"epsilon"> epsilon, py::handle options) {
  Update update(w, g, lr.value, options);
  const char second[] = {kSecond, 0};
  float *m = update.slot(m_, "m").data(), *v = update.slot(v_, second).data();
  fastcnn_adam_params p = {beta_1, beta_2, epsilon, 0};
  return update.run([=, step = StepNumber(step)](U u, int64_t size, const float* g, float* w, double* ratio) {
    fastcnn_adam_params at = p;
    at.step = step.now();
    return Function(u, &at, size, g, w, m, v, ratio);
  });
}

py::object lion(py::handle w, py::handle g, py::handle m_, const Rate<"learning_rate">& lr, Real<"beta_1"> beta_1,
                Real<"beta_2"> beta_2, py::handle options) {
  Update update(w, g, lr.value, options);
  float* m = update.slot(m_, "m").data();
  return update.run([=](U u, int64_t size, const float* g, float* w, double* ratio) {
    return fastcnn_lion(u, beta_1, beta_2, size, g, w, m, ratio);
  });
}

void moving_average(py::handle average_, py::handle w_, Real<"momentum"> momentum) {
  Output<float> average = in_place(average_, "average");
  Input<float> w(w_, "w");
  py::array a = average.array();
  w.shaped(Shape(a.shape(), a.shape() + a.ndim()));
  float* to = average.data();
  run([=] { return fastcnn_moving_average(momentum, w.size(), w.data(), to); });
}

py::array clip_by_value(py::handle x_, Real32<"low"> low, Real32<"high"> high, py::handle out) {
  Input<float> x(x_, "x");
  Output<float> y(out, x.shape());
  y.apart_from(x, true);
  float* to = y.data();
  run([=] { return fastcnn_clip_by_value(low, high, x.size(), x.data(), to); });
  return y.array();
}

double l2_norm(py::handle x_) {
  Input<float> x(x_, "x");
  double norm = 0;
  run_now([&] { return fastcnn_l2_norm(x.size(), x.data(), &norm); });
  return norm;
}

// A list of arrays as the C API takes it.
struct Arrays {
  std::vector<Input<float>> kept;
  std::vector<int64_t> sizes;
  std::vector<const float*> data;

  explicit Arrays(py::handle arrays) {
    if (!PyTuple_Check(arrays.ptr()) && !PyList_Check(arrays.ptr()))
      throw py::type_error("arrays must be a list or a tuple of arrays, got " +
                           std::string(py::str(py::type::handle_of(arrays).attr("__name__"))));
    for (py::handle a : py::reinterpret_borrow<py::sequence>(arrays)) {
      kept.emplace_back(a, "arrays");
      sizes.push_back(kept.back().size());
      data.push_back(kept.back().data());
    }
  }
};

double global_norm(py::handle arrays_) {
  Arrays arrays(arrays_);
  double norm = 0;
  run_now([&] {
    return fastcnn_global_norm((int64_t)arrays.sizes.size(), arrays.sizes.data(), arrays.data.data(), &norm);
  });
  return norm;
}

// What clips these arrays to a norm, all together, written to a float64 array: for programs, whose steps return
// nothing.
void clip_scale(py::handle arrays_, Real<"clipnorm"> clipnorm, py::handle factor) {
  Arrays arrays(arrays_);
  double* to = Output<double>(factor, {1}, "factor").data();
  run([to, clipnorm, sizes = arrays.sizes, data = arrays.data] {
    double norm = 0;
    fastcnn_status status = fastcnn_global_norm((int64_t)sizes.size(), sizes.data(), data.data(), &norm);
    return status == FASTCNN_OK ? fastcnn_clip_factor(norm, clipnorm, to) : status;
  });
}

double clip_factor(Real<"norm"> norm, Real<"clipnorm"> clipnorm) {
  double factor = 1;
  check(fastcnn_clip_factor(norm, clipnorm, &factor));
  return factor;
}

py::array clip_by_norm(py::handle x_, Real<"clipnorm"> clipnorm, py::handle out) {
  Input<float> x(x_, "x");
  Output<float> y(out, x.shape());
  y.apart_from(x, true);
  float* to = y.data();
  run([=] { return fastcnn_clip_by_norm(clipnorm, x.size(), x.data(), to, nullptr); });
  return y.array();
}

}  // namespace

void bind_optimizer(py::module_& m) {
  m.def("sgd", sgd);
  m.def("adagrad", adagrad);
  m.def("rmsprop", rmsprop);
  m.def("adadelta", adadelta);
  m.def("adam", adam);
  m.def("adamax", moments<fastcnn_adamax, 'u'>);
  m.def("nadam", moments<fastcnn_nadam, 'v'>);
  m.def("lion", lion);
  m.def("moving_average", moving_average);
  m.def("clip_by_value", clip_by_value);
  m.def("l2_norm", l2_norm);
  m.def("global_norm", global_norm);
  m.def("clip_factor", clip_factor);
  m.def("clip_scale", clip_scale);
  m.def("clip_by_norm", clip_by_norm);
}

}  // namespace fastcnn::bind
