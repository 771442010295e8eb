// Resizing and blurring: y[v, u] = sum_i sum_j row[v, i] column[u, j] x[...], rows first, which run along memory, into
// one line of floats; then the line's columns. Sums in order of the taps, rounded once.
#include "image.h"
#include "image_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

// line[e] = sum over k of weight[k] * x[index(k) * size + e]; weights of zero are left out.
template <class T, class F>
void weigh_rows(float* line, const T* x, int64_t size, const float* weight, int64_t taps, F index) {
  int64_t first = 0;
  while (first + 1 < taps && weight[first] == 0) first++;
  each_vector(line, x + index(first) * size, size, [&](int64_t e, vec v) {
    int n = (int)(size - e < kLanes ? size - e : kLanes);
    vec sum = v * splat(weight[first]);
    for (int64_t k = first + 1; k < taps; k++) {
      if (weight[k] == 0) continue;
      const T* from = x + index(k) * size + e;
      sum = sum + (n == kLanes ? read(from) : read_first(from, n)) * splat(weight[k]);
    }
    return sum;
  });
}

template <class T>
void resample(T* y, const T* x, const ResampleShape& s) {
  int64_t in = s.w * s.c, out = s.ow * s.c;
  for (int64_t row = 0; row < s.oh; row++) {
    const int32_t* index = s.rows.index + row * s.rows.taps;
    weigh_rows(s.line, x, in, s.rows.weight + row * s.rows.taps, s.rows.taps, [=](int64_t k) { return index[k]; });
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
    weigh_rows(own, x, size, s.rows, s.height, [&](int64_t k) { return mirrored(row + k - s.height / 2, s.h); });
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
