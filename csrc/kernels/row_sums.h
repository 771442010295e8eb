// Sums and maxima along one contiguous row, the same for every ISA: sixteen lanes, leaves of 1,024 floats in float,
// the leaves in double.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {

// The first n of sixteen, the others `fill`.
static inline Wide wide_load_or(const float* p, int n, float fill) {
  if (n >= kWide) return wide_load(p);
  Wide r = wide_load_first(p, n);
  for (int k = 0; k < kWide / kLanes; k++) {
    ivec lane;
    for (int j = 0; j < kLanes; j++) lane[j] = k * kLanes + j;
    r.v[k] = select(lane < isplat(n), r.v[k], splat(fill));
  }
  return r;
}
static inline void wide_store_first(float* p, Wide a, int n) {
  for (int k = 0; k < kWide / kLanes; k++) {
    int left = n - k * kLanes;
    if (left >= kLanes)
      store(p + k * kLanes, a.v[k]);
    else if (left > 0)
      store_first(p + k * kLanes, a.v[k], left);
  }
}
template <class F>
static inline Wide wide_map(Wide a, F f) {
  for (int k = 0; k < kWide / kLanes; k++) a.v[k] = f(a.v[k]);
  return a;
}
template <class F>
static inline Wide wide_map(Wide a, Wide b, F f) {
  for (int k = 0; k < kWide / kLanes; k++) a.v[k] = f(a.v[k], b.v[k]);
  return a;
}

static inline float wide_largest(Wide a) {
  vec m = a.v[0];
  for (int k = 1; k < kWide / kLanes; k++) m = max(m, a.v[k]);
  float t[kLanes];
  store(t, m);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) t[i] = t[i + half] > t[i] ? t[i + half] : t[i];
  return t[0];
}

// The largest of c floats; NaN is ignored here, and comes out of what is computed with it.
static inline float row_max(const float* x, int64_t c) {
  Wide largest = wide_splat(-__builtin_inff());
  for (int64_t i = 0; i < c; i += kWide) {
    Wide a = wide_load_or(x + i, c - i < kWide ? (int)(c - i) : kWide, -__builtin_inff());
    for (int k = 0; k < kWide / kLanes; k++) largest.v[k] = max(a.v[k], largest.v[k]);
  }
  return wide_largest(largest);
}

// The sum over i of f(i, n): a Wide of the n <= 16 terms from i on, zero in its other lanes.
template <class F>
static inline double row_sum(int64_t c, F f) {
  constexpr int64_t kLeaf = 1024;
  double total = 0;
  for (int64_t begin = 0; begin < c; begin += kLeaf) {
    int64_t end = c - begin < kLeaf ? c : begin + kLeaf;
    Wide sum = wide_splat(0);
    int64_t i = begin;
    for (; i + 2 * kWide <= end; i += 2 * kWide) {  // side by side: what f does takes longer than the sum
      Wide a = f(i, kWide), b = f(i + kWide, kWide);
      sum = wide_add(wide_add(sum, a), b);
    }
    for (; i < end; i += kWide) sum = wide_add(sum, f(i, end - i < kWide ? (int)(end - i) : kWide));
    total += wide_sum(sum);
  }
  return total;
}

}  // namespace ISA
}  // namespace fastcnn
