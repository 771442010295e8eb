// The C API from C++: errors as exceptions, aligned buffers that free themselves.
#include <fastcnn.h>

#include <cstdint>
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>

namespace {

void must(fastcnn_status status) {
  if (status != FASTCNN_OK) throw std::runtime_error(fastcnn_last_error());
}

struct Free {
  void operator()(float* p) const { fastcnn_free(p); }
};
using Buffer = std::unique_ptr<float[], Free>;

Buffer buffer(std::int64_t size) {
  auto* memory = static_cast<float*>(fastcnn_alloc(static_cast<std::size_t>(size) * sizeof(float)));
  if (!memory) throw std::bad_alloc();
  return Buffer(memory);
}

}  // namespace

int main() try {
  constexpr std::int64_t size = 100003;
  Buffer x = buffer(size), y = buffer(size);
  for (std::int64_t i = 0; i < size; i++) x[i] = static_cast<float>(i % 9 - 4);
  must(fastcnn_activate(FASTCNN_RELU, 0.0f, size, x.get(), y.get()));

  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < size; i++) wrong += y[i] != (x[i] > 0 ? x[i] : 0);

  bool thrown = false;
  try {
    must(fastcnn_activate(FASTCNN_RELU, 0.0f, size, nullptr, y.get()));
  } catch (const std::runtime_error& error) {
    thrown = true;
    std::cout << "a mistake reads: " << error.what() << "\n";
  }
  std::cout << "fastcnn " << fastcnn_version() << " on " << fastcnn_get_isa() << ": "
            << (wrong || !thrown ? "WRONG" : "correct") << "\n";
  return wrong || !thrown;
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
