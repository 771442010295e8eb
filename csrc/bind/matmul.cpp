#include "bind/array.h"
#include "fastcnn.h"

namespace fastcnn::bind {

void bind_matmul(py::module_& m) { (void)m; }

}  // namespace fastcnn::bind
