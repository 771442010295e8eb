// What is done to each pixel by itself: y = alpha x + beta, blends with grey, hue, Lab; and mirroring, which moves
// them. One pass along memory. Triples of channels are taken apart into three vectors of kLanes pixels.
#include "image.h"
#include "image_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kPattern = 16;  // channels whose factors fit a pattern of whole vectors

template <class In, class Out>
void scale(Out* y, const In* x, int64_t pixels, int64_t c, const float* alpha, const float* beta, vec low, vec high) {
  auto one = [=](vec v, vec a, vec b) { return min(high, max(low, v * a + b)); };
  if (c > kPattern) {
    for (int64_t p = 0; p < pixels; p++)
      each_vector(y + p * c, x + p * c, c, [&](int64_t e, vec v) {
        int n = (int)(c - e < kLanes ? c - e : kLanes);
        return one(v, load_some(alpha + e, n), load_some(beta + e, n));
      });
    return;
  }
  // kLanes pixels are c vectors; the factors of their elements are always these.
  float a[kPattern * kLanes], b[kPattern * kLanes];
  for (int64_t i = 0; i < c * kLanes; i++) a[i] = alpha[i % c], b[i] = beta[i % c];
  int64_t whole = pixels / kLanes * kLanes * c;
  for (int64_t e = 0; e < whole; e += c * kLanes)
    for (int64_t k = 0; k < c * kLanes; k += kLanes) write(y + e + k, one(read(x + e + k), load(a + k), load(b + k)));
  each_vector(y + whole, x + whole, pixels * c - whole,
              [&](int64_t e, vec v) { return one(v, load(a + e), load(b + e)); });
}

template <class T>
void add(T* y, const T* x, const float* noise, int64_t size) {
  each_vector(y, x, size, [&](int64_t e, vec v) {
    int n = (int)(size - e < kLanes ? size - e : kLanes);
    return v + load_some(noise + e, n);
  });
}

struct Colour {
  vec r, g, b;
};

inline Colour read_colour(const uint8_t* p) {
  ivec word = load_triples(p);
  return {to_float(word & 255), to_float(word >> 8 & 255), to_float(word >> 16)};
}
// Lane l takes element from(l) of a and b, one after the other.
template <class F>
inline vec picked(vec a, vec b, F from) {
  ivec order;
#pragma GCC unroll 16
  for (int l = 0; l < kLanes; l++) order[l] = from(l);
  return __builtin_shuffle(a, b, order);
}
// Of channel k, which is every third of three vectors.
inline vec third(vec a, vec b, vec c, int k) {
  vec most = picked(a, b, [=](int l) { return (3 * l + k) % (2 * kLanes); });
  return picked(most, c, [=](int l) { return 3 * l + k < 2 * kLanes ? l : 3 * l + k - kLanes; });
}
inline Colour read_colour(const float* p) {
  vec a = load(p), b = load(p + kLanes), c = load(p + 2 * kLanes);
  return {third(a, b, c, 0), third(a, b, c, 1), third(a, b, c, 2)};
}
inline void write_colour(uint8_t* p, Colour v) {
  store_triples(p, as_byte(v.r) | as_byte(v.g) << 8 | as_byte(v.b) << 16);
}
inline void write_colour(float* p, Colour v) {
#pragma GCC unroll 3
  for (int k = 0; k < 3; k++) {
    int from = k * kLanes;
    vec most = picked(v.r, v.g, [=](int l) { return (from + l) / 3 + ((from + l) % 3 == 1 ? kLanes : 0); });
    store(p + from, picked(most, v.b, [=](int l) { return (from + l) % 3 == 2 ? kLanes + (from + l) / 3 : l; }));
  }
}

// f(p, colours) for the kLanes pixels from p on; the last ones from a copy.
template <class T, class F>
void each_colour(const T* x, int64_t pixels, F f) {
  int64_t p = 0;
  for (; p + kLanes <= pixels; p += kLanes) f(p, read_colour(x + 3 * p));
  if (p < pixels) {
    T last[3 * kLanes] = {};
    memcpy(last, x + 3 * p, (size_t)(pixels - p) * 3 * sizeof(T));
    f(p, read_colour(last));
  }
}

template <class T, class F>
void map_colours(T* y, const T* x, int64_t pixels, F f) {
  each_colour(x, pixels, [&](int64_t p, Colour v) {
    if (pixels - p >= kLanes) return write_colour(y + 3 * p, f(v));
    T last[3 * kLanes];
    write_colour(last, f(v));
    memcpy(y + 3 * p, last, (size_t)(pixels - p) * 3 * sizeof(T));
  });
}

inline vec luma(Colour v) { return v.r * splat(0.299f) + v.g * splat(0.587f) + v.b * splat(0.114f); }

template <class T>
void blend_grey(T* y, const T* x, int64_t pixels, float own, float grey, float top) {
  map_colours(y, x, pixels, [=](Colour v) {
    vec l = luma(v) * splat(grey);
    auto one = [=](vec u) { return min(splat(top), max(zero(), u * splat(own) + l)); };
    return Colour{one(v.r), one(v.g), one(v.b)};
  });
}

template <class T>
void grey(T* y, const T* x, int64_t pixels, int64_t channels) {
  each_colour(x, pixels, [&](int64_t p, Colour v) {
    int64_t n = pixels - p < kLanes ? pixels - p : kLanes;
    vec l = luma(v);
    if (n == kLanes && channels == 1) return write(y + p, l);
    if (n == kLanes && channels == 3) return write_colour(y + 3 * p, {l, l, l});
    T some[kLanes];
    write(some, l);
    for (int64_t i = 0; i < n; i++)
      for (int64_t k = 0; k < channels; k++) y[(p + i) * channels + k] = some[i];
  });
}

// Each channel falls from the largest value to the smallest and rises again, as the hue goes round in six steps.
template <class T>
void turn_hue(T* y, const T* x, int64_t pixels, float sixths, float top) {
  map_colours(y, x, pixels, [=](Colour v) {
    vec most = max(v.r, max(v.g, v.b)), span = most - min(v.r, min(v.g, v.b));
    vec safe = select(span == zero(), splat(1), span);
    vec hue = select(most == v.r, (v.g - v.b) / safe,
                     select(most == v.g, splat(2) + (v.b - v.r) / safe, splat(4) + (v.r - v.g) / safe));
    auto channel = [=](float start) {
      vec k = hue + splat(start + sixths + 6);  // -3 to 13 without the 6
      k = k - splat(6) * to_float(to_int(k * splat(1.0f / 6)));
      vec part = min(splat(1), max(zero(), min(k, splat(4) - k)));
      return min(splat(top), max(zero(), most - span * part));
    };
    return Colour{channel(5), channel(3), channel(1)};
  });
}

inline vec on_curve(const float* at, vec t) {
  t = min(max(t, zero()), splat(1)) * splat(kCurveSteps);
  ivec i = to_int(t);
  vec low = gather(at, i);
  return low + (gather(at + 1, i) - low) * (t - to_float(i));
}
// 0 to 255; of what is not far below 0.
inline ivec level(vec v) { return to_int(min(v + splat(0.5f), splat(255))); }
inline vec product(const float (&m)[3], Colour v) { return splat(m[0]) * v.r + splat(m[1]) * v.g + splat(m[2]) * v.b; }

typedef uint8_t bytes16 __attribute__((vector_size(16)));

// What turns round the last pixels of `size` bytes in sixteen.
bytes16 turning(int64_t size) {
  bytes16 order = {};
  for (int64_t i = 0; i < 16 / size * size; i++) order[i] = (uint8_t)(16 - (i / size + 1) * size + i % size);
  return order;
}

// As many pixels at once as sixteen bytes hold. What is stored beyond them is overwritten by the next ones.
void mirror_row(uint8_t* y, const uint8_t* x, int64_t pixels, int64_t size, bytes16 order) {
  int64_t step = 16 / size * size, left = pixels * size;
  if (step > 0)
    for (; left >= 16; left -= step, y += step) {
      bytes16 v;
      memcpy(&v, x + left - 16, 16);
      v = __builtin_shuffle(v, order);
      memcpy(y, &v, 16);
    }
  for (; left > 0; left -= size, y += size) memcpy(y, x + left - size, (size_t)size);
}

}  // namespace

void image_mirror(uint8_t* y, const uint8_t* x, int64_t stride, int64_t h, int64_t w, int64_t bytes) {
  bytes16 order = turning(bytes < 16 ? bytes : 16);
  for (int64_t row = 0; row < h; row++) mirror_row(y + row * w * bytes, x + row * stride, w, bytes, order);
}

void image_scale(void* y, bool y_bytes, const void* x, bool x_bytes, int64_t pixels, int64_t c, const float* alpha,
                 const float* beta, float low, float high) {
  vec bottom = splat(low), top = splat(high);
  if (!x_bytes)
    scale((float*)y, (const float*)x, pixels, c, alpha, beta, bottom, top);
  else if (y_bytes)
    scale((uint8_t*)y, (const uint8_t*)x, pixels, c, alpha, beta, bottom, top);
  else
    scale((float*)y, (const uint8_t*)x, pixels, c, alpha, beta, bottom, top);
}

void image_add(void* y, const void* x, bool bytes, const float* noise, int64_t size) {
  if (bytes)
    add((uint8_t*)y, (const uint8_t*)x, noise, size);
  else
    add((float*)y, (const float*)x, noise, size);
}

void image_blend_grey(void* y, const void* x, bool bytes, int64_t pixels, float own, float part, float top) {
  if (bytes)
    blend_grey((uint8_t*)y, (const uint8_t*)x, pixels, own, part, top);
  else
    blend_grey((float*)y, (const float*)x, pixels, own, part, top);
}

void image_grey(void* y, const void* x, bool bytes, int64_t pixels, int64_t channels) {
  if (bytes)
    grey((uint8_t*)y, (const uint8_t*)x, pixels, channels);
  else
    grey((float*)y, (const float*)x, pixels, channels);
}

void image_turn_hue(void* y, const void* x, bool bytes, int64_t pixels, float sixths, float top) {
  if (bytes)
    turn_hue((uint8_t*)y, (const uint8_t*)x, pixels, sixths, top);
  else
    turn_hue((float*)y, (const float*)x, pixels, sixths, top);
}

void image_lab_apart(float* f, int64_t stride, uint8_t* lightness, const uint8_t* rgb, int64_t pixels,
                     const LabCurves& curves) {
  each_colour(rgb, pixels, [&](int64_t p, Colour v) {
    Colour linear = {gather(curves.linear, to_int(v.r)), gather(curves.linear, to_int(v.g)),
                     gather(curves.linear, to_int(v.b))};
    vec xyz[3];
    for (int i = 0; i < 3; i++) {
      xyz[i] = on_curve(curves.f, product(curves.to_xyz[i], linear));
      store(f + i * stride + p, xyz[i]);
    }
    store_bytes(lightness + p, level((splat(116) * xyz[1] - splat(16)) * splat(2.55f)));
  });
}

void image_lab_together(uint8_t* rgb, const float* f, int64_t stride, const uint8_t* before, const uint8_t* after,
                        int64_t pixels, const LabCurves& curves) {
  for (int64_t p = 0; p < pixels; p += kLanes) {
    vec change = (read(after + p) - read(before + p)) * splat((float)(1 / (2.55 * 116)));
    auto xyz = [&](int i) {
      vec t = load(f + i * stride + p) + change;
      return select(t > splat(6.0f / 29), t * t * t, (t - splat(4.0f / 29)) * splat((float)(108.0 / 841)));
    };
    Colour v = {xyz(0), xyz(1), xyz(2)};
    ivec word = {};
    for (int i = 0; i < 3; i++)
      word |= level(splat(255) * on_curve(curves.gamma, product(curves.to_rgb[i], v))) << (8 * i);
    if (pixels - p >= kLanes) {
      store_triples(rgb + 3 * p, word);
      continue;
    }
    uint8_t last[3 * kLanes];
    store_triples(last, word);
    memcpy(rgb + 3 * p, last, (size_t)(pixels - p) * 3);
  }
}

}  // namespace ISA
}  // namespace fastcnn
