// Resizing and blurring: y[v, u] = sum_i sum_j row[v, i] column[u, j] x[...], rows first, which run along memory, into
// one line of floats; then the line's columns. Sums in order of the taps, rounded once.
#include "image.h"
#include "image_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

// line[e] = sum over k of weight[k] * x[index[k] * size + e]; weights of zero are left out.
template <class T>
void weigh_rows(float* line, const T* x, int64_t size, const int32_t* index, const float* weight, int64_t taps) {
  int64_t used = 0;
  for (int64_t k = 0; k < taps; k++) {
    if (weight[k] == 0) continue;
    const T* row = x + index[k] * size;
    vec w = splat(weight[k]);
    if (used++ == 0)
      each_vector(line, row, size, [&](int64_t, vec v) { return v * w; });
    else
      each_vector(line, row, size, [&](int64_t e, vec v) {
        int left = (int)(size - e < kLanes ? size - e : kLanes);
        return some(line + e, left) + v * w;
      });
  }
  if (used == 0) memset(line, 0, (size_t)size * sizeof(float));
}

template <class T>
void resample(T* y, const T* x, const ResampleShape& s) {
  int64_t in = s.w * s.c, out = s.ow * s.c;
  for (int64_t row = 0; row < s.oh; row++) {
    weigh_rows(s.line, x, in, s.rows.index + row * s.rows.taps, s.rows.weight + row * s.rows.taps, s.rows.taps);
    T* to = y + row * out;
    for (int64_t e = 0; e < out; e += kLanes) {
      int n = (int)(out - e < kLanes ? out - e : kLanes);
      vec sum = zero();
      for (int64_t k = 0; k < s.columns.taps; k++) {
        int64_t at = k * out + e;
        ivec index = bits(some((const float*)(s.columns.index + at), n));
        vec w = some(s.columns.weight + at, n);
        vec part = gather(s.line, index) * w;
        sum = select(w == zero(), sum, sum + part);
      }
      if (n == kLanes)
        write(to + e, sum);
      else
        write_first(to + e, sum, n);
    }
  }
}

int64_t mirrored(int64_t i, int64_t size) {
  int64_t period = size > 1 ? 2 * size - 2 : 1;
  i %= period;
  if (i < 0) i += period;
  return i < size ? i : period - i;
}

template <class T>
void filter(T* y, const T* x, const FilterShape& s) {
  int64_t size = s.w * s.c, before = s.width / 2;
  float* own = s.line + before * s.c;
  for (int64_t row = 0; row < s.h; row++) {
    for (int64_t k = 0; k < s.height; k++) {
      int32_t index = (int32_t)mirrored(row + k - s.height / 2, s.h);
      vec w = splat(s.rows[k]);
      each_vector(own, x + index * size, size, [&](int64_t e, vec v) {
        int left = (int)(size - e < kLanes ? size - e : kLanes);
        return k == 0 ? v * w : some(own + e, left) + v * w;
      });
    }
    for (int64_t u = -before; u < s.w + s.width - 1 - before; u++)
      if (u < 0 || u >= s.w) memcpy(own + u * s.c, own + mirrored(u, s.w) * s.c, (size_t)s.c * sizeof(float));
    each_vector(y + row * size, s.line, size, [&](int64_t e, vec v) {
      int left = (int)(size - e < kLanes ? size - e : kLanes);
      vec sum = v * splat(s.columns[0]);
      for (int64_t k = 1; k < s.width; k++) sum = sum + some(s.line + e + k * s.c, left) * splat(s.columns[k]);
      return sum * splat(s.scale);
    });
  }
}

}  // namespace

void image_resample(void* y, const void* x, const ResampleShape& s) {
  if (s.bytes)
    resample((uint8_t*)y, (const uint8_t*)x, s);
  else
    resample((float*)y, (const float*)x, s);
}

void image_filter(void* y, const void* x, const FilterShape& s) {
  if (s.bytes)
    filter((uint8_t*)y, (const uint8_t*)x, s);
  else
    filter((float*)y, (const float*)x, s);
}

}  // namespace ISA
}  // namespace fastcnn
