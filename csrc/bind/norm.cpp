#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

using Floats = Input<float>;
using Result = Output<float>;

const Floats& at_least(const Floats& x, int ndim, const char* dims) {
  if (x.ndim() < ndim)
    throw py::value_error(std::string(x.name()) + " must have at least " + std::to_string(ndim) +
                          " dimensions, channels last: " + dims + "; got shape " + text(x.shape()));
  return x;
}

int64_t product(const Floats& x, int begin, int end) {
  int64_t count = 1;
  for (int i = begin; i < end; i++) count *= x.dim(i);
  return count;
}

Floats optional(py::handle object, const char* name, const Shape& shape) {
  Floats a = Floats::optional(object, name);
  a.shaped(shape);
  return a;
}
Floats required(py::handle object, const char* name, const Shape& shape) {
  Floats a(object, name);
  a.shaped(shape);
  return a;
}

fastcnn_activation clamp(py::handle value) {
  if (value.is_none()) return FASTCNN_LINEAR;
  constexpr fastcnn_activation kind[] = {FASTCNN_LINEAR, FASTCNN_RELU, FASTCNN_RELU6};
  return kind[choice(value, "activation", {"linear", "relu", "relu6"})];
}

// x, its parameters and the residual, and where y goes.
struct Forward {
  Floats x, gamma, beta, residual;
  Result y;
  // channels: x may be a slice of the channels of a larger array.
  Forward(py::handle x_, int least, const char* dims, py::handle gamma_, py::handle beta_, py::handle residual_,
          py::handle out, bool channels = false)
      : x(at_least(channels ? Floats::channels(x_, "x") : Floats(x_, "x"), least, dims)),
        gamma(optional(gamma_, "gamma", {x.dim(x.ndim() - 1)})),
        beta(optional(beta_, "beta", {x.dim(x.ndim() - 1)})),
        residual(optional(residual_, "residual", x.shape())),
        y(out, x.shape()) {
    y.apart_from(x, true).apart_from(residual, true).apart_from(gamma).apart_from(beta);
  }
};

// The saved arrays of a forward pass and the gradients. y is kept only where the activation's gradient needs it.
struct Backward {
  Floats x, dy, y, mean, inv_std, gamma;
  Result dx, dgamma, dbeta;
  py::object dresidual = py::none();
  float* dresidual_data = nullptr;
  Backward(py::handle dy_, py::handle x_, int least, const char* dims, py::handle y_, py::handle gamma_, bool residual,
           py::handle out, fastcnn_activation f)
      : x(at_least(Floats(x_, "x"), least, dims)),
        dy(required(dy_, "dy", x.shape())),
        y(f == FASTCNN_LINEAR ? Floats() : optional(y_, "y", x.shape())),
        gamma(optional(gamma_, "gamma", {x.dim(x.ndim() - 1)})),
        dx(out, x.shape()),
        dgamma({x.dim(x.ndim() - 1)}),
        dbeta({x.dim(x.ndim() - 1)}) {
    dx.apart_from(dy, true).apart_from(x, true).apart_from(y, true).apart_from(gamma);
    if (!residual) return;
    Result d(x.shape());
    dresidual_data = d.data();
    dresidual = d.array();
  }
  void saved(py::handle mean_, py::handle inv_std_, const Shape& shape) {
    mean = required(mean_, "mean", shape);
    inv_std = required(inv_std_, "inv_std", shape);
    dx.apart_from(mean).apart_from(inv_std);
  }
  py::tuple gradients() { return py::make_tuple(dx.array(), dgamma.array(), dbeta.array(), dresidual); }
};

constexpr const char* kBatchDims = "(..., c)";
constexpr const char* kGroupDims = "(n, ..., c)";

fastcnn_batch_norm batch_parameters(const Floats& x, double epsilon, fastcnn_activation f) {
  return {product(x, 0, x.ndim() - 1), x.dim(x.ndim() - 1), epsilon, 0, 0, f, 0};
}

// Moving statistics that the caller keeps, or null.
float* updated(py::handle array, const char* name, const Floats& x) {
  return array.is_none() ? nullptr : Result(array, Shape{x.dim(x.ndim() - 1)}, name).apart_from(x).data();
}

py::tuple batch_norm(py::handle x, py::handle gamma, py::handle beta, py::handle moving_mean,
                     py::handle moving_variance, py::handle momentum, py::handle epsilon, Flag<"unbiased"> unbiased,
                     py::handle residual, py::handle activation, py::handle out, Flag<"return_affine"> return_affine) {
  Forward a(x, 1, kBatchDims, gamma, beta, residual, out);
  fastcnn_batch_norm p = batch_parameters(a.x, real(epsilon, "epsilon"), clamp(activation));
  p.momentum = real(momentum, "momentum");
  p.unbiased = unbiased;
  Shape channels{p.c};
  Result mean(channels), inv_std(channels);
  py::object affine = py::none();
  float* affine_data = nullptr;
  if (return_affine) {
    Result made(Shape{3, p.c});
    affine_data = made.data();
    affine = made.array();
  }
  float *m = updated(moving_mean, "moving_mean", a.x), *v = updated(moving_variance, "moving_variance", a.x);
  run([=] {
    return fastcnn_batch_norm_train(&p, a.x.data(), a.gamma.data(), a.beta.data(), a.residual.data(), a.y.data(),
                                    mean.data(), inv_std.data(), affine_data, m, v, nullptr, 0);
  });
  if (return_affine) return py::make_tuple(a.y.array(), mean.array(), inv_std.array(), affine);
  return py::make_tuple(a.y.array(), mean.array(), inv_std.array());
}

py::tuple batch_norm_statistics(py::handle x_, py::handle gamma_, py::handle beta_, py::handle moving_mean,
                                py::handle moving_variance, py::handle momentum, py::handle epsilon,
                                Flag<"unbiased"> unbiased) {
  Floats x = at_least(Floats(x_, "x"), 1, kBatchDims);
  fastcnn_batch_norm p = batch_parameters(x, real(epsilon, "epsilon"), FASTCNN_LINEAR);
  p.momentum = real(momentum, "momentum");
  p.unbiased = unbiased;
  Shape channels{p.c};
  Floats gamma = optional(gamma_, "gamma", channels), beta = optional(beta_, "beta", channels);
  Result mean(channels), inv_std(channels), affine(Shape{3, p.c});
  float *m = updated(moving_mean, "moving_mean", x), *v = updated(moving_variance, "moving_variance", x);
  run([=] {
    return fastcnn_batch_norm_train(&p, x.data(), gamma.data(), beta.data(), nullptr, nullptr, mean.data(),
                                    inv_std.data(), affine.data(), m, v, nullptr, 0);
  });
  return py::make_tuple(mean.array(), inv_std.array(), affine.array());
}

py::array batch_norm_apply(py::handle x_, py::handle affine_, py::handle residual_, py::handle activation,
                           py::handle out, py::handle residual_affine_) {
  Floats x = at_least(Floats(x_, "x"), 1, kBatchDims);
  fastcnn_batch_norm p = batch_parameters(x, 0, clamp(activation));
  Floats affine = required(affine_, "affine", {3, p.c}), residual = optional(residual_, "residual", x.shape());
  Floats residual_affine = optional(residual_affine_, "residual_affine", {3, p.c});
  if (residual_affine && !residual) throw py::value_error("residual_affine needs a residual");
  Result y(out, x.shape());
  y.apart_from(x, true).apart_from(residual, true).apart_from(affine).apart_from(residual_affine);
  run([=] {
    return fastcnn_batch_norm_apply(&p, x.data(), affine.data(), residual.data(), residual_affine.data(), y.data(),
                                    nullptr, 0);
  });
  return y.array();
}

py::array batch_norm_inference(py::handle x, py::handle moving_mean, py::handle moving_variance, py::handle gamma,
                               py::handle beta, py::handle epsilon, py::handle residual, py::handle activation,
                               py::handle out) {
  Forward a(x, 1, kBatchDims, gamma, beta, residual, out, true);
  fastcnn_batch_norm p = batch_parameters(a.x, real(epsilon, "epsilon"), clamp(activation));
  p.x_row = a.x.pixel();
  Floats mean = required(moving_mean, "moving_mean", {p.c});
  Floats variance = required(moving_variance, "moving_variance", {p.c});
  a.y.apart_from(mean).apart_from(variance);
  run([=] {
    return fastcnn_batch_norm_inference(&p, a.x.data(), mean.data(), variance.data(), a.gamma.data(), a.beta.data(),
                                        a.residual.data(), a.y.data(), nullptr, 0);
  });
  return a.y.array();
}

py::tuple batch_norm_backward(py::handle dy, py::handle x, py::handle mean, py::handle inv_std, py::handle gamma,
                              py::handle y, py::handle activation, Flag<"training"> training, Flag<"residual"> residual,
                              py::handle out, py::handle affine_) {
  fastcnn_activation f = clamp(activation);
  Backward a(dy, x, 1, kBatchDims, y, gamma, residual, out, f);
  fastcnn_batch_norm p = batch_parameters(a.x, 0, f);
  a.saved(mean, inv_std, {p.c});
  Floats affine = optional(affine_, "affine", {3, p.c});
  a.dx.apart_from(affine);
  run([=] {
    return fastcnn_batch_norm_backward(&p, training, a.dy.data(), a.x.data(), a.y.data(), affine.data(), a.mean.data(),
                                       a.inv_std.data(), a.gamma.data(), a.dx.data(), a.dgamma.data(), a.dbeta.data(),
                                       a.dresidual_data, nullptr, 0);
  });
  return a.gradients();
}

// One of the two sides; places are given out in the order of the results.
struct Side {
  Floats x, mean, inv_std, gamma;
  Result dx, dgamma, dbeta;
  Side(const Floats& dy, py::handle x_, py::handle mean_, py::handle inv_std_, py::handle gamma_)
      : x(required(x_, "x", dy.shape())),
        mean(required(mean_, "mean", {dy.dim(dy.ndim() - 1)})),
        inv_std(required(inv_std_, "inv_std", {dy.dim(dy.ndim() - 1)})),
        gamma(optional(gamma_, "gamma", {dy.dim(dy.ndim() - 1)})),
        dx(dy.shape()),
        dgamma({dy.dim(dy.ndim() - 1)}),
        dbeta({dy.dim(dy.ndim() - 1)}) {}
  fastcnn_batch_norm_side plain() const {
    return {x.data(), mean.data(), inv_std.data(), gamma.data(), dx.data(), dgamma.data(), dbeta.data()};
  }
};

py::tuple batch_norm_backward_pair(py::handle dy_, py::handle x, py::handle mean, py::handle inv_std, py::handle gamma,
                                   py::handle other_x, py::handle other_mean, py::handle other_inv_std,
                                   py::handle other_gamma) {
  Floats dy = at_least(Floats(dy_, "dy"), 1, kBatchDims);
  fastcnn_batch_norm p = batch_parameters(dy, 0, FASTCNN_LINEAR);
  Side a(dy, x, mean, inv_std, gamma), b(dy, other_x, other_mean, other_inv_std, other_gamma);
  run([=] {
    fastcnn_batch_norm_side first = a.plain(), second = b.plain();
    return fastcnn_batch_norm_backward_pair(&p, dy.data(), &first, &second, nullptr, 0);
  });
  return py::make_tuple(a.dx.array(), a.dgamma.array(), a.dbeta.array(), b.dx.array(), b.dgamma.array(),
                        b.dbeta.array());
}

// groups = -1: every channel by itself.
fastcnn_group_norm group_parameters(const Floats& x, py::handle groups, double epsilon, fastcnn_activation f) {
  int last = x.ndim() - 1;
  int64_t count = integer(groups, "groups");
  if (count == -1 && x.dim(last) > 0) count = x.dim(last);
  return {x.dim(0), product(x, 1, last), x.dim(last), count, epsilon, f};
}
// The library refuses a bad number of groups before it touches these arrays.
Shape group_shape(const fastcnn_group_norm& p) {
  bool bad = p.groups < 0 || (p.groups > p.c && p.c > 0);
  return {p.n, bad ? 0 : p.groups};
}

py::tuple group_norm(py::handle x, py::handle gamma, py::handle beta, py::handle groups, py::handle epsilon,
                     py::handle residual, py::handle activation, py::handle out) {
  Forward a(x, 2, kGroupDims, gamma, beta, residual, out);
  fastcnn_group_norm p = group_parameters(a.x, groups, real(epsilon, "epsilon"), clamp(activation));
  Result mean(group_shape(p)), inv_std(group_shape(p));
  run([=] {
    return fastcnn_group_norm_forward(&p, a.x.data(), a.gamma.data(), a.beta.data(), a.residual.data(), a.y.data(),
                                      mean.data(), inv_std.data(), nullptr, 0);
  });
  return py::make_tuple(a.y.array(), mean.array(), inv_std.array());
}

py::tuple group_norm_backward(py::handle dy, py::handle x, py::handle mean, py::handle inv_std, py::handle gamma,
                              py::handle groups, py::handle y, py::handle activation, Flag<"residual"> residual,
                              py::handle out) {
  fastcnn_activation f = clamp(activation);
  Backward a(dy, x, 2, kGroupDims, y, gamma, residual, out, f);
  fastcnn_group_norm p = group_parameters(a.x, groups, 0, f);
  a.saved(mean, inv_std, group_shape(p));
  run([=] {
    return fastcnn_group_norm_backward(&p, a.dy.data(), a.x.data(), a.y.data(), a.mean.data(), a.inv_std.data(),
                                       a.gamma.data(), a.dx.data(), a.dgamma.data(), a.dbeta.data(), a.dresidual_data,
                                       nullptr, 0);
  });
  return a.gradients();
}

// How many of the last axes are normalised together.
int trailing(py::handle axis, const Floats& x) {
  std::vector<int> all = axes(axis, x.ndim(), "axis");
  int count = (int)all.size();
  if (count == 0 || all[0] != x.ndim() - count)
    throw py::value_error("axis must name the last axes of x, got " + std::string(py::repr(axis)) + " for shape " +
                          text(x.shape()));
  return count;
}

struct Rows {
  Shape outer, inner;
  fastcnn_layer_norm p;
  Rows(const Floats& x, py::handle axis, double epsilon) {
    int split = x.ndim() - trailing(axis, x);
    Shape shape = x.shape();
    outer = Shape(shape.begin(), shape.begin() + split);
    inner = Shape(shape.begin() + split, shape.end());
    p = {product(x, 0, split), product(x, split, x.ndim()), epsilon};
  }
};

py::tuple layer_norm(py::handle x_, py::handle gamma_, py::handle beta_, py::handle axis, py::handle epsilon,
                     py::handle out) {
  Floats x(x_, "x");
  Rows rows(x, axis, real(epsilon, "epsilon"));
  Floats gamma = optional(gamma_, "gamma", rows.inner), beta = optional(beta_, "beta", rows.inner);
  Result y(out, x.shape()), mean(rows.outer), inv_std(rows.outer);
  y.apart_from(x, true).apart_from(gamma).apart_from(beta);
  run([=] {
    return fastcnn_layer_norm_forward(&rows.p, x.data(), gamma.data(), beta.data(), y.data(), mean.data(),
                                      inv_std.data(), nullptr, 0);
  });
  return py::make_tuple(y.array(), mean.array(), inv_std.array());
}

py::tuple layer_norm_backward(py::handle dy_, py::handle x_, py::handle mean_, py::handle inv_std_, py::handle gamma_,
                              py::handle axis, py::handle out) {
  Floats x(x_, "x");
  Rows rows(x, axis, 0);
  Floats dy = required(dy_, "dy", x.shape()), gamma = optional(gamma_, "gamma", rows.inner);
  Floats mean = required(mean_, "mean", rows.outer), inv_std = required(inv_std_, "inv_std", rows.outer);
  Result dx(out, x.shape()), dgamma(rows.inner), dbeta(rows.inner);
  dx.apart_from(dy, true).apart_from(x, true).apart_from(gamma).apart_from(mean).apart_from(inv_std);
  run([=] {
    return fastcnn_layer_norm_backward(&rows.p, dy.data(), x.data(), mean.data(), inv_std.data(), gamma.data(),
                                       dx.data(), dgamma.data(), dbeta.data(), nullptr, 0);
  });
  return py::make_tuple(dx.array(), dgamma.array(), dbeta.array());
}

}  // namespace

void bind_norm(py::module_& m) {
  m.def("batch_norm", batch_norm);
  m.def("batch_norm_statistics", batch_norm_statistics);
  m.def("batch_norm_apply", batch_norm_apply);
  m.def("batch_norm_inference", batch_norm_inference);
  m.def("batch_norm_backward", batch_norm_backward);
  m.def("batch_norm_backward_pair", batch_norm_backward_pair);
  m.def("group_norm", group_norm);
  m.def("group_norm_backward", group_norm_backward);
  m.def("layer_norm", layer_norm);
  m.def("layer_norm_backward", layer_norm_backward);
}

}  // namespace fastcnn::bind
