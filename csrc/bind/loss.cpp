#include "bind/array.h"
#include "fastcnn.h"

namespace fastcnn::bind {

void bind_loss(py::module_& m) { (void)m; }

}  // namespace fastcnn::bind
