#include "bind/run.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

// The rows of y_pred, its last axis and the shape of the losses; a 1-dimensional y_pred has rows of one where `single`.
struct LossRows {
  Shape shape;
  int64_t n = 1, c = 1;
  LossRows(const Input<float>& x, bool single) : shape(x.shape()) {
    if (shape.empty()) throw py::value_error("y_pred must have at least 1 dimension, got a scalar");
    if (shape.size() > 1 || !single) {
      c = shape.back();
      shape.pop_back();
    }
    if (c < 1) throw py::value_error("y_pred must have a last axis of at least 1, got shape " + text(x.shape()));
    for (py::ssize_t d : shape) n *= d;
  }
};

// A number for every row or one a row.
struct Weight {
  Input<float> each;
  float scale = 1;
  Weight(py::handle value, const Shape& shape) {
    if (PyFloat_Check(value.ptr()) || PyLong_Check(value.ptr())) {
      scale = (float)real(value, "weight");
      return;
    }
    each = Input<float>(value, "weight");
    each.shaped(shape);
  }
};

template <class Call>
py::object compute(const Input<float>& x, const LossRows& rows, bool gradient, Call call) {
  Output<float> loss(rows.shape);
  py::object result = loss.array();
  float *to = loss.data(), *dx = nullptr;
  if (gradient) {
    Output<float> d(x.shape());
    dx = d.data();
    result = py::make_tuple(loss.array(), d.array());
  }
  run([=] { return call(to, dx); });
  return result;
}

py::object sparse_cross_entropy(py::handle y_true, py::handle y_pred, py::handle weight_,
                                Flag<"from_logits"> from_logits, Real32<"label_smoothing"> label_smoothing,
                                Flag<"gradient"> gradient) {
  Input<float> x(y_pred, "y_pred");
  Input<int64_t> labels(y_true, "y_true");
  LossRows rows(x, false);
  labels.shaped(rows.shape);
  Weight weight(weight_, rows.shape);
  fastcnn_cross_entropy_options options = {!from_logits, label_smoothing, weight.scale};
  return compute(x, rows, gradient, [=](float* loss, float* dx) {
    return fastcnn_sparse_cross_entropy(&options, rows.n, rows.c, x.data(), labels.data(), weight.each.data(), loss,
                                        dx);
  });
}

py::object cross_entropy(py::handle y_true, py::handle y_pred, py::handle weight_, Flag<"from_logits"> from_logits,
                         Real32<"label_smoothing"> label_smoothing, Flag<"gradient"> gradient) {
  Input<float> x(y_pred, "y_pred"), targets(y_true, "y_true");
  targets.shaped(x.shape());
  LossRows rows(x, false);
  Weight weight(weight_, rows.shape);
  fastcnn_cross_entropy_options options = {!from_logits, label_smoothing, weight.scale};
  return compute(x, rows, gradient, [=](float* loss, float* dx) {
    return fastcnn_cross_entropy(&options, rows.n, rows.c, x.data(), targets.data(), weight.each.data(), loss, dx);
  });
}

py::object pointwise(py::handle y_true, py::handle y_pred, py::handle weight_, int kind, Real32<"parameter"> parameter,
                     Flag<"gradient"> gradient) {
  Input<float> x(y_pred, "y_pred"), t(y_true, "y_true");
  t.shaped(x.shape());
  LossRows rows(x, true);
  Weight weight(weight_, rows.shape);
  return compute(x, rows, gradient, [=](float* loss, float* dx) {
    return fastcnn_pointwise((fastcnn_pointwise_loss)kind, parameter, weight.scale, rows.n, rows.c, x.data(), t.data(),
                             weight.each.data(), loss, dx);
  });
}

}  // namespace

void bind_loss(py::module_& m) {
  using py::arg;
  m.def("sparse_cross_entropy", sparse_cross_entropy, arg("y_true"), arg("y_pred"), arg("weight"), arg("from_logits"),
        arg("label_smoothing"), arg("gradient"));
  m.def("cross_entropy", cross_entropy, arg("y_true"), arg("y_pred"), arg("weight"), arg("from_logits"),
        arg("label_smoothing"), arg("gradient"));
  m.def("pointwise_loss", pointwise, arg("y_true"), arg("y_pred"), arg("weight"), arg("kind"), arg("parameter"),
        arg("gradient"));
}

}  // namespace fastcnn::bind
