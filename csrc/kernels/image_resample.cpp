// Resizing and blurring: y[v, u] = sum_i sum_j row[v, i] column[u, j] x[...], rows first, which run along memory, into
// one line of floats; then the line's columns. Sums in order of the taps, rounded once.
#include "image.h"
#include "image_parts.h"

namespace fastcnn {
namespace ISA {

void image_box(uint8_t* y, const uint8_t* x, const FilterShape& s);

namespace {

// line[e] = sum over k of weight[k] * x[index(k) * size + e]; weights of zero are left out, or N taps are summed up.
template <int N, class T, class F>
void weigh_rows(float* line, const T* x, int64_t size, const float* weight, int64_t taps, F index) {
  if constexpr (N > 0) {
    const T* from[N];
    for (int64_t k = 0; k < N; k++) from[k] = x + index(k) * size;
    each_vector(line, from[0], size, [&](int64_t e, vec v) {
      vec sum = v * splat(weight[0]);
      for (int64_t k = 1; k < N; k++) {
        bool whole = e + kLanes <= size;
        sum = sum + (whole ? read(from[k] + e) : read_first(from[k] + e, (int)(size - e))) * splat(weight[k]);
      }
      return sum;
    });
    return;
  }
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

// Four floats wherever they are: channels of one pixel, and what follows them.
typedef float four __attribute__((vector_size(16)));
typedef int32_t four_masks __attribute__((vector_size(16)));
inline four load_four(const float* p) {
  four v;
  memcpy(&v, p, sizeof v);
  return v;
}

// wide[u c + channel] for all u, from a line of pixels; both have room for four floats more. Of any number of taps (N
// of 0), weights of zero take part as zeros, for 0 * inf would be NaN where y is a pixel of x.
template <int N>
void weigh_columns(float* wide, const float* line, int64_t width, int64_t c, const Taps& t) {
  int64_t taps = N > 0 ? N : t.taps;
  for (int64_t u = 0; u < width; u++) {
    const int32_t* index = t.index + u * taps;
    const float* weight = t.weight + u * taps;
    for (int64_t channel = 0; channel < c; channel += 4) {
      auto weighed = [&](int64_t k) {
        four w = four{} + weight[k], v = load_four(line + index[k] * c + channel) * w;
        return N > 0 ? v : (four)((four_masks)v & (w != 0.0f));
      };
      four sum = weighed(0);
#pragma GCC unroll 4
      for (int64_t k = 1; k < taps; k++) sum += weighed(k);
      memcpy(wide + u * c + channel, &sum, sizeof sum);
    }
  }
}

template <int N, class T>
void resample(T* y, const T* x, const ResampleShape& s) {
  for (int64_t row = 0; row < s.oh; row++) {
    const int32_t* index = s.rows.index + row * s.rows.taps;
    weigh_rows<N>(s.line, x, s.w * s.c, s.rows.weight + row * s.rows.taps, s.rows.taps,
                  [=](int64_t k) { return index[k]; });
    weigh_columns<N>(s.wide, s.line, s.ow, s.c, s.columns);
    each_vector(y + row * s.ow * s.c, s.wide, s.ow * s.c, [](int64_t, vec v) { return v; });
  }
}

template <class T>
void filter(T* y, const T* x, const FilterShape& s) {
  int64_t size = s.w * s.c, before = s.width / 2;
  float* own = s.line + before * s.c;
  for (int64_t row = 0; row < s.h; row++) {
    for (int64_t k = 0; k < s.height; k++) s.index[k] = (int32_t)mirrored(row + k - s.height / 2, s.h);
    weigh_rows<0>(own, x, size, s.rows, s.height, [&](int64_t k) { return s.index[k]; });
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
  // Bytes are finite, so that weights of zero need no care.
  bool same = s.bytes && s.rows.taps == s.columns.taps;
  if (same && s.rows.taps == 2)
    resample<2>((uint8_t*)y, (const uint8_t*)x, s);
  else if (same && s.rows.taps == 4)
    resample<4>((uint8_t*)y, (const uint8_t*)x, s);
  else if (s.bytes)
    resample<0>((uint8_t*)y, (const uint8_t*)x, s);
  else
    resample<0>((float*)y, (const float*)x, s);
}

void image_filter(void* y, const void* x, const FilterShape& s) {
  if (s.sums)
    image_box((uint8_t*)y, (const uint8_t*)x, s);
  else if (s.bytes)
    filter((uint8_t*)y, (const uint8_t*)x, s);
  else
    filter((float*)y, (const float*)x, s);
}

}  // namespace ISA
}  // namespace fastcnn
