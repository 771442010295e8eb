// The C API from C++: a dense layer; errors as exceptions, aligned buffers that free themselves.
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

// Small integers: every sum is exact, so the results compare with ==.
Buffer numbers(std::int64_t size, int seed) {
  Buffer x = buffer(size);
  for (std::int64_t i = 0; i < size; i++) x[i] = static_cast<float>((i * 5 + seed) % 7 - 3);
  return x;
}

// y = relu(x w + bias), into memory of our own, with the library's workspace.
void dense(const fastcnn_matmul_params& p, const float* x, const float* w, const float* bias, float* y) {
  fastcnn_epilogue epilogue{};
  epilogue.bias = bias;
  epilogue.activation = FASTCNN_RELU;
  must(fastcnn_matmul(&p, x, w, &epilogue, y, nullptr, 0));
}

}  // namespace

int main() try {
  fastcnn_matmul_params p{};
  p.batch = 1, p.m = 37, p.k = 129, p.n = 65;
  Buffer x = numbers(p.m * p.k, 1), w = numbers(p.k * p.n, 2), bias = numbers(p.n, 3), y = buffer(p.m * p.n);
  dense(p, x.get(), w.get(), bias.get(), y.get());

  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < p.m; i++)
    for (std::int64_t j = 0; j < p.n; j++) {
      float sum = bias[j];
      for (std::int64_t k = 0; k < p.k; k++) sum += x[i * p.k + k] * w[k * p.n + j];
      wrong += y[i * p.n + j] != (sum > 0 ? sum : 0);
    }

  bool thrown = false;
  try {
    dense(p, x.get(), nullptr, bias.get(), y.get());
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
