// The extension module fastcnn._core: arrays in, arrays out, the GIL released around every kernel.
#include "bind/array.h"

namespace fastcnn::bind {

void bind_runtime(py::module_& m);
void bind_matmul(py::module_& m);
void bind_conv(py::module_& m);
void bind_depthwise(py::module_& m);
void bind_pool(py::module_& m);
void bind_image(py::module_& m);
void bind_norm(py::module_& m);
void bind_program(py::module_& m);
void bind_activation(py::module_& m);
void bind_arithmetic(py::module_& m);
void bind_shape(py::module_& m);
void bind_loss(py::module_& m);
void bind_random(py::module_& m);
void bind_optimizer(py::module_& m);
void bind_metric(py::module_& m);
void bind_probe(py::module_& m);

}  // namespace fastcnn::bind

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  using namespace fastcnn::bind;
  m.doc() = "The bindings of fastcnn.h; fastcnn.kernels documents them.";
  bind_runtime(m);
  bind_matmul(m);
  bind_conv(m);
  bind_depthwise(m);
  bind_pool(m);
  bind_image(m);
  bind_norm(m);
  bind_program(m);
  bind_activation(m);
  bind_arithmetic(m);
  bind_shape(m);
  bind_loss(m);
  bind_random(m);
  bind_optimizer(m);
  bind_metric(m);
  bind_probe(m);
}
