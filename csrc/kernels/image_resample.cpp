// Resizing and blurring: y[v, u] = sum_i sum_j row[v, i] column[u, j] x[...], rows first, which run along memory, into
// one line of floats; then the line's columns. Sums in order of the taps, rounded once.
#include "image.h"
#include "image_parts.h"

namespace fastcnn {
namespace ISA {

void image_box(uint8_t* y, const uint8_t* x, const FilterShape& s);

namespace {

// y[e] = scale * sum over k of weight[k] * x[e + index[k] * stride], where weights of zero are left out; or of
// x[e + k * stride] without an index.
struct Sum {
  const int32_t* index;
  int64_t stride, taps;
  const float* weight;
  float scale;
};

// Of V vectors; or of the first n of one.
template <int V, class Out, class T>
inline void weigh_some(Out* y, const T* x, const Sum& s, int n) {
  auto product = [&](int64_t k, int i) {
    const T* from = x + (s.index ? s.index[k] : k) * s.stride + i * kLanes;
    return (V > 1 || n == kLanes ? read(from) : read_first(from, n)) * splat(s.weight[k]);
  };
  int64_t k = 0;
  while (s.index && k + 1 < s.taps && s.weight[k] == 0) k++;
  vec sum[V];
#pragma GCC unroll 4
  for (int i = 0; i < V; i++) sum[i] = product(k, i);
  for (k++; k < s.taps; k++) {
    if (s.index && s.weight[k] == 0) continue;
#pragma GCC unroll 4
    for (int i = 0; i < V; i++) sum[i] = sum[i] + product(k, i);
  }
#pragma GCC unroll 4
  for (int i = 0; i < V; i++) {
    vec v = sum[i] * splat(s.scale);
    V > 1 || n == kLanes ? write(y + i * kLanes, v) : write_first(y, v, n);
  }
}

template <class Out, class T>
__attribute__((noinline)) void weigh(Out* y, const T* x, int64_t size, const Sum& s) {
  int64_t e = 0;
  for (; e + 4 * kLanes <= size; e += 4 * kLanes) weigh_some<4>(y + e, x + e, s, kLanes);
  for (; e < size; e += kLanes) weigh_some<1>(y + e, x + e, s, (int)(size - e < kLanes ? size - e : kLanes));
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

// Columns by whole vectors, where the first taps of kLanes neighbours lie within two vectors of the line: tap k of all
// of them is the same choice from two vectors, k pixels on. For that the line goes on beyond its ends.
struct Lanes {
  int32_t *index, *base;  // of each lane, from its vector's base on
  float* weight;          // kLanes of each tap of each vector
  int64_t vectors, taps, before, after;
};

// False where they lie too far apart.
bool find_lanes(Lanes& l, const ResampleShape& s) {
  const Taps& t = s.columns;
  int64_t wide = s.ow * s.c;
  l = {s.lane_index, s.lane_index + wide + kWide, s.lane_weight, (wide + kLanes - 1) / kLanes, t.taps, 0, 0};
  if (kLanes == 4 || !s.lane_index || s.w < t.taps) return false;
  // The first tap, which may be beyond an end, where the table has what is read instead.
  auto first = [&](int64_t u) {
    const int32_t* index = t.index + u * t.taps;
    return index[0] > 0 ? index[0] : index[t.taps - 1] - (int32_t)(t.taps - 1);
  };
  int64_t start = first(0), end = first(s.ow - 1) + t.taps;
  l.before = start < 0 ? -start : 0, l.after = end > s.w ? end - s.w : 0;
  memset(l.index, 0, (size_t)(l.vectors * kLanes) * sizeof(int32_t));
  memset(l.weight, 0, (size_t)(l.vectors * kLanes * l.taps) * sizeof(float));
  int64_t e = 0;
  for (int64_t u = 0; u < s.ow; u++) {
    int64_t from = (first(u) + l.before) * s.c;
    for (int64_t channel = 0; channel < s.c; channel++, e++) {
      int64_t vector = e / kLanes, lane = e % kLanes;
      if (lane == 0) l.base[vector] = (int32_t)from;
      int64_t place = from + channel - l.base[vector];
      if (place >= 2 * kLanes) return false;
      l.index[e] = (int32_t)place;
      for (int64_t k = 0; k < l.taps; k++) l.weight[(vector * l.taps + k) * kLanes + lane] = t.weight[u * l.taps + k];
    }
  }
  return true;
}

template <class T>
void weigh_lanes(T* y, const float* line, int64_t size, int64_t c, const Lanes& l) {
  const float* weight = l.weight;
  for (int64_t i = 0, e = 0; i < l.vectors; i++, e += kLanes) {
    const float* from = line + l.base[i];
    ivec index = load(l.index + e);
    vec sum = zero();
    for (int64_t k = 0; k < l.taps; k++, from += c, weight += kLanes) {
      vec w = load(weight), v = __builtin_shuffle(load(from), load(from + kLanes), index) * w;
      if (sizeof(T) > 1) v = select(w == zero(), zero(), v);
      sum = k == 0 ? v : sum + v;
    }
    if (size - e >= kLanes)
      write(y + e, sum);
    else
      write_first(y + e, sum, (int)(size - e));
  }
}

// The means of two by two bytes in triples, halves to even. A lane holds a pixel, and channels 0 and 2 of it are summed
// at once.
inline ivec half_sums(ivec a, ivec b) {
  lvec pair = (lvec)((a & 0xff00ff) + (b & 0xff00ff));
  ivec four = (ivec)(pair + (pair >> 32));
  return ((four + 0x10001 + (four >> 2 & 0x10001)) >> 2) & 0xff00ff;
}
void halve(uint8_t* y, const uint8_t* x, const ResampleShape& s) {
  ivec even = lane_numbers() * 2;
  constexpr int64_t kBytes = 3 * kLanes;
  auto mean = [](const uint8_t* one, const uint8_t* other) {
    ivec a = load_triples(one), b = load_triples(other);
    return half_sums(a, b) | half_sums(a >> 8, b >> 8) << 8;
  };
  // kLanes pixels of y.
  auto piece = [=](uint8_t* to, const uint8_t* one, const uint8_t* other) {
    store_triples(to, __builtin_shuffle(mean(one, other), mean(one + kBytes, other + kBytes), even));
  };
  int64_t size = 3 * s.ow;
  for (int64_t row = 0; row < s.oh; row++, y += size, x += 4 * size) {
    int64_t e = 0;
    for (; e + kBytes <= size; e += kBytes) piece(y + e, x + 2 * e, x + 2 * (size + e));
    if (e < size) {
      uint8_t one[2 * kBytes] = {}, other[2 * kBytes] = {}, last[kBytes];
      size_t left = (size_t)(size - e);
      memcpy(one, x + 2 * e, 2 * left);
      memcpy(other, x + 2 * (size + e), 2 * left);
      piece(last, one, other);
      memcpy(y + e, last, left);
    }
  }
}

template <class T>
void resample(T* y, const T* x, const ResampleShape& s) {
  Lanes lanes;
  bool by_lanes = find_lanes(lanes, s), zeros = false;
  for (int64_t i = 0; i < s.ow * s.columns.taps; i++) zeros |= sizeof(T) > 1 && s.columns.weight[i] == 0;
  auto columns = zeros                 ? weigh_columns<0>
                 : s.columns.taps == 2 ? weigh_columns<2>
                 : s.columns.taps == 4 ? weigh_columns<4>
                                       : weigh_columns<0>;
  float* line = s.line + (by_lanes ? lanes.before * s.c : 0);
  int64_t size = s.ow * s.c;
  for (int64_t row = 0; row < s.oh; row++, y += size) {
    int64_t taps = s.rows.taps;
    weigh(line, x, s.w * s.c, {s.rows.index + row * taps, s.w * s.c, taps, s.rows.weight + row * taps, 1});
    if (by_lanes) {
      for (int64_t u = 1; u <= lanes.before; u++) memcpy(line - u * s.c, line, (size_t)s.c * sizeof(float));
      for (int64_t u = s.w; u < s.w + lanes.after; u++)
        memcpy(line + u * s.c, line + (s.w - 1) * s.c, (size_t)s.c * sizeof(float));
      weigh_lanes(y, s.line, size, s.c, lanes);
    } else {
      columns(s.wide, line, s.ow, s.c, s.columns);
      each_vector(y, s.wide, size, [](int64_t, vec v) { return v; });
    }
  }
}

template <class T>
void filter(T* y, const T* x, const FilterShape& s) {
  int64_t size = s.w * s.c, before = s.width / 2;
  float* own = s.line + before * s.c;
  for (int64_t row = 0; row < s.h; row++) {
    for (int64_t k = 0; k < s.height; k++) s.index[k] = (int32_t)mirrored(row + k - s.height / 2, s.h);
    weigh(own, x, size, {s.index, size, s.height, s.rows, 1});
    mirror_ends(own, s.w, (size_t)s.c * sizeof(float), before, s.width - 1 - before);
    weigh(y + row * size, s.line, size, {nullptr, s.c, s.width, s.columns, s.scale});
  }
}

}  // namespace

void image_resample(void* y, const void* x, const ResampleShape& s) {
  if (s.halve && kLanes > 4)
    halve((uint8_t*)y, (const uint8_t*)x, s);
  else if (s.bytes)
    resample((uint8_t*)y, (const uint8_t*)x, s);
  else
    resample((float*)y, (const float*)x, s);
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
