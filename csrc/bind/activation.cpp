#include "bind/array.h"
#include "fastcnn.h"

namespace fastcnn::bind {
namespace {

py::array activate(py::handle x_, py::handle name, float alpha, py::handle out) {
  Input<float> x(x_, "x");
  fastcnn_activation f = activation(name);
  Output<float> y(out, x.shape());
  y.apart_from(x, true);
  fastcnn_status status;
  {
    py::gil_scoped_release nogil;
    status = fastcnn_activate(f, alpha, x.size(), x.data(), y.data());
  }
  check(status);
  return y.array();
}

}  // namespace

void bind_activation(py::module_& m) {
  m.def("activate", activate, py::arg("x"), py::arg("activation"), py::arg("alpha"), py::arg("out"));
}

}  // namespace fastcnn::bind
