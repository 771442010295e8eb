// What the calls on images check first.
#pragma once
#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

namespace fastcnn {

inline size_t pixel_bytes(fastcnn_pixel pixel) { return pixel == FASTCNN_PIXEL_UINT8 ? 1 : sizeof(float); }

// Sides are exact as floats, elements have 32-bit indices.
inline void check_sides(Check& check, const char* name, int64_t h, int64_t w, int64_t c) {
  constexpr int64_t kSide = 1 << 22;
  check.that(h >= 1 && w >= 1 && c >= 1,
             "%s must have a height, width and channels of at least 1, got %lld x %lld x %lld", name, (long long)h,
             (long long)w, (long long)c);
  check.that(h <= kSide && w <= kSide && checked_product(checked_product(h, w), c) >= 0 &&
                 checked_product(checked_product(h, w), c) <= INT32_MAX,
             "%s is too large: %lld x %lld x %lld", name, (long long)h, (long long)w, (long long)c);
}

// True where there is an image and somewhere to write.
inline bool ready(Check& check, const fastcnn_image* image, const void* x, const void* y) {
  check.pointer("image", image);
  if (check.failed()) return false;
  check.range("pixel", image->pixel, FASTCNN_PIXEL_UINT8, FASTCNN_PIXEL_FLOAT32);
  check_sides(check, "image", image->h, image->w, image->c);
  check.pointer("image", x).pointer("out", y);
  return !check.failed();
}

inline void check_numbers(Check& check, const char* name, const float* numbers, int64_t c) {
  check.pointer(name, numbers, c);
  for (int64_t i = 0; i < c && !check.failed(); i++) check.finite(name, numbers[i]);
}

// Arrays one after the other in a workspace, each on its own cache lines.
class Carver {
 public:
  explicit Carver(char* memory) : at_(memory) {}
  template <class T>
  T* take(int64_t count) {
    T* here = reinterpret_cast<T*>(at_);
    at_ += room<T>(count);
    return here;
  }
  template <class T>
  static size_t room(int64_t count) {
    return ((size_t)count * sizeof(T) + 63) / 64 * 64;
  }

 private:
  char* at_;
};

}  // namespace fastcnn
