#include "bind/array.h"
#include "fastcnn.h"

namespace fastcnn::bind {

void bind_probe(py::module_& m) {
  m.def(
      "probe_peak",
      [](int threads, double seconds) {
        double gflops = 0;
        fastcnn_status status;
        {
          py::gil_scoped_release nogil;
          status = fastcnn_probe_peak(threads, seconds, &gflops);
        }
        check(status);
        return gflops;
      },
      py::arg("threads"), py::arg("seconds"));
  m.def(
      "probe_copy",
      [](int threads, int64_t bytes, bool streaming, double seconds) {
        double rate = 0;
        fastcnn_status status;
        {
          py::gil_scoped_release nogil;
          status = fastcnn_probe_copy(threads, bytes, streaming, seconds, &rate);
        }
        check(status);
        return rate;
      },
      py::arg("threads"), py::arg("bytes"), py::arg("streaming"), py::arg("seconds"));
}

}  // namespace fastcnn::bind
