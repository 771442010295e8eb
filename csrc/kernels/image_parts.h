// Pixels of either type as vectors of floats. No fma in the image kernels: the bits are then those of base, too.
#pragma once
#include "lanes.h"

namespace fastcnn {
namespace ISA {
namespace {

inline vec read(const uint8_t* p) { return to_float(load_bytes(p)); }
inline vec read(const float* p) { return load(p); }
inline ivec as_byte(vec v) { return to_nearest(min(max(v, zero()), splat(255))); }
inline void write(uint8_t* p, vec v) { store_bytes(p, as_byte(v)); }
inline void write(float* p, vec v) { store(p, v); }

template <class T>
inline vec read_first(const T* p, int n) {
  T some[kLanes] = {};
  memcpy(some, p, (size_t)n * sizeof(T));
  return read(some);
}
template <class T>
inline void write_first(T* p, vec v, int n) {
  T some[kLanes];
  write(some, v);
  memcpy(p, some, (size_t)n * sizeof(T));
}

// f(e, vector) -> vector for x and y of `size` elements.
template <class In, class Out, class F>
inline void each_vector(Out* y, const In* x, int64_t size, F f) {
  int64_t e = 0;
  for (; e + kLanes <= size; e += kLanes) write(y + e, f(e, read(x + e)));
  if (e < size) {
    int n = (int)(size - e);
    write_first(y + e, f(e, read_first(x + e, n)), n);
  }
}

// Where a position beyond the edge is, in a mirror there that does not repeat the last pixel.
__attribute__((noinline, unused)) int64_t mirrored(int64_t i, int64_t size) {
  int64_t period = size > 1 ? 2 * size - 2 : 1;
  if (i < -period || i >= period) i %= period;  // which takes longer than all the rest
  if (i < 0) i += period;
  return i < size ? i : period - i;
}

// The pixels before and after a line of w pixels of so many bytes, which has room for them.
__attribute__((noinline, unused)) void mirror_ends(void* line, int64_t w, size_t bytes, int64_t before, int64_t after) {
  auto copy = [=](int64_t u) {
    memcpy((char*)line + u * (int64_t)bytes, (const char*)line + mirrored(u, w) * (int64_t)bytes, bytes);
  };
  for (int64_t u = -before; u < 0; u++) copy(u);
  for (int64_t u = w; u < w + after; u++) copy(u);
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
