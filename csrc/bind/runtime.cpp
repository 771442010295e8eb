// Threads, instruction set and the facts that show_config and doctor print.
#include <algorithm>

#include "bind/array.h"
#include "fastcnn.h"

namespace fastcnn::bind {

void bind_runtime(py::module_& m) {
  if (const char* error = fastcnn_isa_error()) throw py::import_error(error);
  m.def("version", [] { return fastcnn_version(); });
  m.def("abi_version", [] { return fastcnn_abi_version(); });
  m.def(
      "set_num_threads",
      [](py::handle threads) {
        int64_t n = integer(threads, "threads");
        check(fastcnn_set_num_threads((int)std::clamp<int64_t>(n, INT32_MIN, INT32_MAX)));
      },
      py::arg("threads"));
  m.def("get_num_threads", [] { return fastcnn_get_num_threads(); });
  m.def(
      "set_isa", [](const std::string& name) { check(fastcnn_set_isa(name.c_str())); }, py::arg("name"));
  m.def("get_isa", [] { return fastcnn_get_isa(); });
  m.def("isa_reason", [] { return fastcnn_isa_reason(); });
  m.def("available_isas", [] {
    py::list names;
    for (int i = 0; const char* name = fastcnn_available_isa(i); i++) names.append(name);
    return names;
  });
  m.def("affinity_cpus", [] { return fastcnn_affinity_cpus(); });
  m.def("cgroup_cpus", [] { return fastcnn_cgroup_cpus(); });
  m.def("clear_cache", [] { fastcnn_clear_cache(); });
  // Memory that starts on a cache line, in huge pages where it is large and the system has them.
  m.def(
      "aligned_bytes",
      [](py::handle size) {
        int64_t bytes = integer(size, "size");
        void* memory = bytes < 0 ? nullptr : fastcnn_alloc((size_t)std::max<int64_t>(bytes, 64));
        if (!memory) {
          PyErr_SetString(PyExc_MemoryError, ("no memory for " + std::to_string(bytes) + " bytes").c_str());
          throw py::error_already_set();
        }
        py::capsule owner(memory, [](void* p) { fastcnn_free(p); });
        return py::array(py::dtype::of<uint8_t>(), {(py::ssize_t)bytes}, memory, owner);
      },
      py::arg("size"));
  // What every kernel does to its arguments, for the few functions that look at one in Python first.
  m.def("floats", [](py::handle value, const std::string& name) { return Input<float>(value, name.c_str()).array(); });
  m.def("integer", [](py::handle value, const std::string& name) { return integer(value, name.c_str()); });
  m.def("pair", [](py::handle value, const std::string& name) {
    Pair p = pair(value, name.c_str());
    return py::make_tuple(p.h, p.w);
  });
  // None for "same", otherwise ((top, bottom), (left, right)).
  m.def("padding", [](py::handle value) -> py::object {
    Padding p = padding(value);
    if (p.same) return py::none();
    return py::make_tuple(py::make_tuple(p.top, p.bottom), py::make_tuple(p.left, p.right));
  });
  m.def("compiler", [] { return __VERSION__; });
  m.def("cached_bytes", [] { return fastcnn_cached_bytes(); });
}

}  // namespace fastcnn::bind
