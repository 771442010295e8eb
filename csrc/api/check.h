// Checks of a call's arguments. The first thing that is wrong becomes the call's status and message; the checks after
// it are skipped, so they may rely on it. Sizes are multiplied with overflow checks only here.
#pragma once
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "fastcnn/core.h"

namespace fastcnn {

// Sets this thread's message; returns the status.
fastcnn_status fail(fastcnn_status status, const char* format, ...) __attribute__((format(printf, 2, 3)));

class Check {
 public:
  explicit Check(const char* function) : function_(function) {}

  // message: what was expected and got, naming the argument; prefixed by the function's name.
  Check& that(bool good, const char* format, ...) __attribute__((format(printf, 3, 4)));
  Check& range(const char* name, int64_t value, int64_t low, int64_t high);
  Check& positive(const char* name, int64_t value) { return range(name, value, 1, INT64_MAX); }
  Check& not_negative(const char* name, int64_t value) { return range(name, value, 0, INT64_MAX); }
  // Pointers may be null only where there is nothing to read or write.
  Check& pointer(const char* name, const void* p, int64_t count = 1);
  Check& finite(const char* name, float value);
  // The product of the dims, refused where the bytes of such an array would not fit the address space.
  int64_t count(const char* name, const int64_t* dims, int rank, int64_t element_bytes = 4);
  template <int N>
  int64_t count(const char* name, const int64_t (&dims)[N]) {
    return count(name, dims, N);
  }

  bool failed() const { return status_ != FASTCNN_OK; }
  fastcnn_status status() const { return status_; }

 private:
  const char* function_;
  fastcnn_status status_ = FASTCNN_OK;
};

// Activations whose gradient is seen in their result: x itself, or x between two bounds.
static inline bool clamps(fastcnn_activation f) {
  return f == FASTCNN_LINEAR || f == FASTCNN_RELU || f == FASTCNN_RELU6;
}

// What matrix products and dense convolutions ask of an epilogue, which may be null.
void check_epilogue(Check& check, const fastcnn_epilogue* e);
// What is asked of a prologue of so many channels, which may be null.
void check_prologue(Check& check, const fastcnn_prologue* p, int64_t channels);

// a * b, or -1 where it overflows or either is negative (so that -1 spreads).
static inline int64_t checked_product(int64_t a, int64_t b) {
  int64_t r;
  return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &r) ? -1 : r;
}
static inline int64_t checked_sum(int64_t a, int64_t b) {
  int64_t r;
  return a < 0 || b < 0 || __builtin_add_overflow(a, b, &r) ? -1 : r;
}

// Scratch memory of one call: the caller's workspace where it is given, then what this thread was lent, else our own.
class Workspace {
 public:
  // bytes: what the call needs. Fails when the caller's is too small or ours is not to be had.
  Workspace(const char* function, void* given, size_t given_bytes, size_t bytes);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  fastcnn_status status() const { return status_; }
  char* data() const { return data_; }  // 64-byte aligned

 private:
  char* data_ = nullptr;
  void* owned_ = nullptr;
  size_t borrowed_ = 0;
  fastcnn_status status_ = FASTCNN_OK;
};

// An epilogue whose residual and gate are not y: products keep sums that are not complete there, so it is copied.
class Finishing {
 public:
  // given: or null. y: null where sums are kept elsewhere. size: floats of y.
  Finishing(const char* function, const fastcnn_epilogue* given, const float* y, int64_t size)
      : epilogue_(given ? *given : fastcnn_epilogue{}),
        in_place_(y && (epilogue_.residual == y || epilogue_.gate == y)),
        copy_(function, nullptr, 0, in_place_ ? (size_t)size * sizeof(float) : 0) {
    if (!in_place_ || status()) return;
    memcpy(copy_.data(), y, (size_t)size * sizeof(float));
    const float* copy = (const float*)copy_.data();
    if (epilogue_.residual == y) epilogue_.residual = copy;
    if (epilogue_.gate == y) epilogue_.gate = copy;
  }
  fastcnn_status status() const { return copy_.status(); }
  const fastcnn_epilogue& epilogue() const { return epilogue_; }

 private:
  fastcnn_epilogue epilogue_;
  bool in_place_;
  Workspace copy_;
};

}  // namespace fastcnn
