// y[v, u] = x at matrix (u, v, 1), between pixels interpolated: a vector is kLanes neighbours of a row of y, so its
// taps are gathered. Where all of them have all their taps inside the image there is nothing else to do; at the edge
// indices are folded back first. Places are exact to a float's precision near each sixteenth column, on every ISA.
#include "image.h"
#include "image_parts.h"
#include "runtime/parallel.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kBlock = 16;
constexpr double kFarAway = 8388608;  // beyond any image; integers up to here are floats
enum { kConstant, kReplicate, kReflect, kReflect101, kWrap };
enum { kNearest, kLinear, kCubic };

// The image and what lies around it.
template <class T>
struct Source {
  const T* x;
  const float* fill;
  int32_t w, h, c, border, last;  // last: the last place that four bytes may be read from
};

// A place: whole pixels and what is left, along one axis.
struct Place {
  ivec at;
  vec part;
};

inline Place place(int32_t base, vec rest) {
  rest = min(max(rest, splat((float)-kFarAway)), splat((float)kFarAway));  // NaN becomes the first
  ivec whole = to_int(rest);
  whole += to_float(whole) > rest;  // a mask is -1
  return {isplat(base) + whole, rest - to_float(whole)};
}

inline ivec floor_divide(ivec i, int32_t by) {
  vec f = to_float(i) * splat(1.0f / (float)by);
  ivec q = to_int(f);
  q += to_float(q) > f;
  ivec rest = i - q * by;
  return q + (rest < 0) - (rest >= by);
}

// Where positions read; a position outside of a constant border's image reads a pixel that is not used.
__attribute__((noinline)) ivec folded(ivec i, int32_t size, int32_t border) {
  if (any((i < 0) | (i >= size))) {
    if (border == kWrap) i = i - floor_divide(i, size) * size;
    if (border == kReflect || border == kReflect101) {
      int32_t period = border == kReflect ? 2 * size : size > 1 ? 2 * size - 2 : 1;
      i = i - floor_divide(i, period) * period;
      i = select(i < size, i, period - (border == kReflect) - i);
    }
    i = select(i < 0, ivec{}, i);
    i = select(i >= size, isplat(size - 1), i);
  }
  return i;
}

// Keys's kernel, a = -0.75, at -1 - t, -t, 1 - t, 2 - t.
inline void cubic_weights(vec t, vec (&w)[4]) {
  vec one = splat(1), a = splat(-0.75f);
  for (int k = 0; k < 4; k++) {
    vec d = abs(t + splat(1 - k));
    w[k] = k == 1 || k == 2 ? ((a + splat(2)) * d - (a + splat(3))) * d * d + one
                            : a * (((d - splat(5)) * d + splat(8)) * d - splat(4));
  }
}

template <int N>
inline void weights(vec part, vec (&w)[N]) {
  if constexpr (N == 1)
    w[0] = splat(1);
  else if constexpr (N == 2)
    w[0] = splat(1) - part, w[1] = part;
  else
    cubic_weights(part, w);
}

// The channels of pixels that lie in words, lowest byte first.
template <int G>
inline void channels(vec (&v)[G], ivec word) {
#pragma GCC unroll 4
  for (int g = 0; g < G; g++) v[g] = to_float((g == 3 ? (ivec)((uvec)word >> 24) : (word >> 8 * g)) & 255);
}

// v[0..G-1]: the channels of the pixels at element `offset`.
template <int G, bool kEdge>
inline void tap(vec (&v)[G], const Source<uint8_t>& s, ivec offset) {
  if constexpr (kEdge) {
    ivec from = select(offset > s.last, isplat(s.last), offset);
    channels(v, (ivec)((uvec)gather_words(s.x, from) >> (uvec)((offset - from) << 3)));
  } else {
    int32_t at[kLanes], words[kLanes];
    memcpy(at, &offset, sizeof at);
#pragma GCC unroll 16
    for (int l = 0; l < kLanes; l++) memcpy(&words[l], s.x + at[l], 4);
    channels(v, load(words));
  }
}
template <int G, bool kEdge>
inline void tap(vec (&v)[G], const Source<float>& s, ivec offset) {
  v[0] = gather(s.x, offset);
}

// Two neighbours in one load each, where they lie within eight bytes: loads are cheaper than gathers.
template <int G>
inline void neighbours(vec (&left)[G], vec (&right)[G], const uint8_t* x, ivec offset) {
  int32_t at[kLanes];
  uint32_t first[kLanes], second[kLanes];
  memcpy(at, &offset, sizeof at);
#pragma GCC unroll 16
  for (int l = 0; l < kLanes; l++) {
    uint64_t both;
    memcpy(&both, x + at[l], sizeof both);
    first[l] = (uint32_t)both;
    second[l] = (uint32_t)(both >> 8 * G);
  }
  channels(left, load((const int32_t*)first));
  channels(right, load((const int32_t*)second));
}

// G channels from `channel` on, for kLanes pixels.
template <class T, int G, int N, bool kEdge>
inline void interpolate(vec (&sum)[G], const Source<T>& s, const Place& px, const Place& py, int32_t channel) {
  constexpr int kFirst = N == 4 ? -1 : 0;
  ivec column[N], inside_x[N];
  vec wx[N], wy[N];
  weights(px.part, wx);
  weights(py.part, wy);
  bool masked = kEdge && s.border == kConstant;
  for (int i = 0; i < N; i++) {
    ivec at = px.at + (kFirst + i);
    inside_x[i] = (at >= 0) & (at < s.w);
    column[i] = (kEdge ? folded(at, s.w, s.border) : at) * s.c + channel;
  }
#pragma GCC unroll 2
  for (int j = 0; j < N; j++) {
    ivec at = py.at + (kFirst + j);
    ivec inside_y = (at >= 0) & (at < s.h), start = (kEdge ? folded(at, s.h, s.border) : at) * (s.w * s.c);
    vec line[G] = {};
    if constexpr (N == 2 && !kEdge && sizeof(T) == 1 && G > 1) {
      vec left[G], right[G];
      neighbours<G>(left, right, s.x, start + column[0]);
#pragma GCC unroll 4
      for (int g = 0; g < G; g++) line[g] = left[g] * wx[0] + right[g] * wx[1];
    } else {
#pragma GCC unroll 2
      for (int i = 0; i < N; i++) {
        vec v[G];
        tap<G, kEdge>(v, s, start + column[i]);
#pragma GCC unroll 4
        for (int g = 0; g < G; g++) {
          if (masked) v[g] = select(inside_x[i] & inside_y, v[g], splat(s.fill[channel + g]));
          line[g] = i == 0 ? v[g] * wx[i] : line[g] + v[g] * wx[i];
        }
      }
    }
#pragma GCC unroll 4
    for (int g = 0; g < G; g++) sum[g] = j == 0 ? line[g] * wy[j] : sum[g] + line[g] * wy[j];
  }
}

// n pixels of c channels, of which these are G.
template <int G>
inline void put(uint8_t* y, const vec (&v)[G], int n, int64_t c) {
  if (G == 1 && c == 1 && n == kLanes) return write(y, v[0]);
  ivec word = as_byte(v[0]);
#pragma GCC unroll 4
  for (int g = 1; g < G; g++) word |= (ivec)((uvec)as_byte(v[g]) << 8 * g);
  if (G == 3 && n == kLanes) return store_triples(y, word);
  uint32_t words[kLanes];
  memcpy(words, &word, sizeof word);
  for (int l = 0; l < n; l++) memcpy(y + l * c, &words[l], G);
}
template <int G>
inline void put(float* y, const vec (&v)[G], int n, int64_t c) {
  float some[kLanes];
  store(some, v[0]);
  for (int l = 0; l < n; l++) y[l * c] = some[l];
}

// n pixels as they are; four bytes of each are stored where the next pixel's follow.
template <int G>
inline void copy(uint8_t* y, const uint8_t* x, ivec offset, int n, int64_t c) {
  int32_t at[kLanes];
  memcpy(at, &offset, sizeof at);
  for (int l = 0; l + 1 < n; l++) memcpy(y + l * c, x + at[l], G == 3 ? 4 : G);
  memcpy(y + (n - 1) * c, x + at[n - 1], G);
}

inline double bounded(double position) {
  return position > -kFarAway ? (position < kFarAway ? position : kFarAway) : -kFarAway;
}
inline int32_t floored(double position) {
  int32_t i = (int32_t)position;
  return i - (i > position);
}

// A row of y.
template <class T, int G, int N>
void warp_row(T* y, const Source<T>& s, const double* m, bool perspective, int64_t row, int64_t width) {
  // A pixel is read as four bytes, two as eight, where that many follow.
  int32_t spare = sizeof(T) > 1 || G == 4 ? 0 : s.w * s.c >= 3 ? 1 : 3;
  int32_t right = s.w - (N - 1), low = s.h - (N - 1) - spare;
  double half = N == 1 ? 0.5 : 0;
  vec lanes = to_float(lane_numbers());
  for (int64_t u = 0; u < width; u += kLanes) {
    double block = (double)(u / kBlock * kBlock), v = (double)row;
    vec l = lanes + splat((float)(u % kBlock));
    double x0 = bounded(m[0] * block + m[1] * v + m[2]), y0 = bounded(m[3] * block + m[4] * v + m[5]);
    Place px, py;
    if (perspective) {
      double z0 = bounded(m[6] * block + m[7] * v + m[8]);
      vec z = splat((float)z0) + l * splat((float)m[6]), shift = splat((float)half);
      px = place(0, (splat((float)x0) + l * splat((float)m[0])) / z + shift);
      py = place(0, (splat((float)y0) + l * splat((float)m[3])) / z + shift);
    } else {
      int32_t whole_x = floored(x0 + half), whole_y = floored(y0 + half);
      px = place(whole_x, splat((float)(x0 + half - whole_x)) + l * splat((float)m[0]));
      py = place(whole_y, splat((float)(y0 + half - whole_y)) + l * splat((float)m[3]));
    }
    int n = (int)(width - u < kLanes ? width - u : kLanes);
    constexpr int kBefore = N == 4 ? 1 : 0;
    bool edge = any((px.at < kBefore) | (px.at >= right + kBefore) | (py.at < kBefore) | (py.at >= low + kBefore));
    // Pixels that no part of the image reaches have the fill itself, not a mean of it.
    ivec far =
        (px.at < kBefore - N + 1) | (px.at >= s.w + kBefore) | (py.at < kBefore - N + 1) | (py.at >= s.h + kBefore);
    bool constant = edge && s.border == kConstant, nothing = constant && !any(~far);
    for (int32_t channel = 0; channel < s.c; channel += G) {
      if constexpr (N == 1 && sizeof(T) == 1)
        if (!edge) {
          copy<G>(y + u * s.c + channel, s.x, py.at * (s.w * s.c) + px.at * s.c + channel, n, s.c);
          continue;
        }
      vec sum[G] = {};
      if (!nothing && (edge || N == 4))
        interpolate<T, G, N, true>(sum, s, px, py, channel);
      else if (N != 4 && !nothing)
        interpolate<T, G, N, false>(sum, s, px, py, channel);
      if (constant)
        for (int g = 0; g < G; g++) sum[g] = select(far, splat(s.fill[channel + g]), sum[g]);
      put<G>(y + u * s.c + channel, sum, n, s.c);
    }
  }
}

template <class T, int G>
void warp_image(T* y, const Source<T>& s, const double* m, const WarpShape& p) {
  bool perspective = m[6] != 0 || m[7] != 0 || m[8] != 1;
  auto row = p.interpolation == kNearest  ? warp_row<T, G, 1>
             : p.interpolation == kLinear ? warp_row<T, G, 2>
                                          : warp_row < T,
       G == 4 ? 1 : G, 4 > ;  // which is rare
  for (int64_t v = 0; v < p.oh; v++) row(y + v * p.ow * p.c, s, m, perspective, v, p.ow);
}

void warp_bytes(uint8_t* y, const uint8_t* x, const double* m, const WarpShape& p) {
  int64_t size = p.h * p.w * p.c;
  uint8_t small[4] = {};
  if (size < 4) memcpy(small, x, (size_t)size), x = small, size = 4;
  Source<uint8_t> s = {x, p.fill, (int32_t)p.w, (int32_t)p.h, (int32_t)p.c, p.border, (int32_t)(size - 4)};
  if (p.c == 3)
    warp_image<uint8_t, 3>(y, s, m, p);
  else if (p.c == 4)
    warp_image<uint8_t, 4>(y, s, m, p);
  else
    warp_image<uint8_t, 1>(y, s, m, p);
}

void warp_floats(float* y, const float* x, const double* m, const WarpShape& p) {
  warp_image<float, 1>(y, {x, p.fill, (int32_t)p.w, (int32_t)p.h, (int32_t)p.c, p.border, 0}, m, p);
}

}  // namespace

void image_warp(void* y, const void* x, const WarpShape& p) {
  int64_t in = p.h * p.w * p.c, out = p.oh * p.ow * p.c;
  auto one = [&](int64_t i) {
    const double* m = p.matrices + 9 * i;
    if (p.bytes)
      warp_bytes((uint8_t*)y + i * out, (const uint8_t*)x + i * in, m, p);
    else
      warp_floats((float*)y + i * out, (const float*)x + i * in, m, p);
  };
  if (p.n == 1)
    one(0);
  else
    parallel_for(p.n, p.n * out, one);
}

}  // namespace ISA
}  // namespace fastcnn
