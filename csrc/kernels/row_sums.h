// Sums and maxima along one contiguous row, the same for every ISA: sixteen lanes, leaves of 1,024 floats in float,
// the leaves in double.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {

// The first n of a's sixteen lanes, the others `fill`.
static inline Wide wide_first(Wide a, int n, float fill) {
  for (int k = 0; k < kWide / kLanes; k++) {
    ivec lane{};
    for (int j = 0; j < kLanes; j++) lane[j] = k * kLanes + j;
    a.v[k] = select(lane < isplat(n), a.v[k], splat(fill));
  }
  return a;
}
static inline Wide wide_load_or(const float* p, int n, float fill) {
  return n >= kWide ? wide_load(p) : wide_first(wide_load_first(p, n), n, fill);
}
static inline void wide_store(float* p, Wide a) {
  for (int k = 0; k < kWide / kLanes; k++) store(p + k * kLanes, a.v[k]);
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

// The sixteen lanes joined by f, halving: a vector of them, then one.
template <class F>
static inline vec wide_join(Wide a, F f) {
  for (int half = kWide / kLanes / 2; half > 0; half /= 2)
    for (int k = 0; k < half; k++) a.v[k] = f(a.v[k], a.v[k + half]);
  return a.v[0];
}
template <int D = kLanes / 2, class F>
static inline float lanes_join(vec a, F f) {
  ivec other;
  for (int l = 0; l < kLanes; l++) other[l] = l ^ D;
  a = f(a, __builtin_shuffle(a, other));
  if constexpr (D > 1) return lanes_join<D / 2>(a, f);
  return a[0];
}
static inline float wide_total(Wide a) {  // as wide_sum, in registers
  auto sum = [](vec p, vec q) { return p + q; };
  return lanes_join(wide_join(a, sum), sum);
}
static inline float wide_largest(Wide a) {
  auto larger = [](vec p, vec q) { return max(p, q); };
  return lanes_join(wide_join(a, larger), larger);
}

// The largest of c floats, sixteen lanes; NaN is ignored here, and comes out of what is computed with it.
static inline Wide row_largest(const float* x, int64_t c) {
  Wide largest = wide_splat(-__builtin_inff());
  for (int64_t i = 0; i < c; i += kWide) {
    Wide a = wide_load_or(x + i, c - i < kWide ? (int)(c - i) : kWide, -__builtin_inff());
    for (int k = 0; k < kWide / kLanes; k++) largest.v[k] = max(a.v[k], largest.v[k]);
  }
  return largest;
}
static inline float row_max(const float* x, int64_t c) { return wide_largest(row_largest(x, c)); }

// e^(x - top) of the first n lanes, 0 in the others. These never see an exponential: one that underflows takes a
// hundred times as long as another.
template <class F>
static inline Wide wide_exp(const float* p, int n, float top, F exp) {
  Wide terms = wide_map(wide_load_or(p, n, top), [=](vec a) { return exp(a - splat(top)); });
  return n >= kWide ? terms : wide_first(terms, n, 0);
}

constexpr int64_t kSumLeaf = 1024;

// The sum over i in [begin, end), at most a leaf, of f(i, n): a Wide of the n <= 16 terms from i on, zero in its other
// lanes.
template <class F>
[[gnu::always_inline]] static inline Wide leaf_sum(int64_t begin, int64_t end, const F& f) {
  Wide sum = wide_splat(0);
  int64_t i = begin;
  for (; i + 2 * kWide <= end; i += 2 * kWide) {  // side by side: what f does takes longer than the sum
    Wide a = f(i, kWide), b = f(i + kWide, kWide);
    sum = wide_add(wide_add(sum, a), b);
  }
  for (; i < end; i += kWide) sum = wide_add(sum, f(i, end - i < kWide ? (int)(end - i) : kWide));
  return sum;
}
template <class F>
static inline double row_sum(int64_t c, const F& f) {
  double total = 0;
  for (int64_t begin = 0; begin < c; begin += kSumLeaf) {
    int64_t end = c - begin < kSumLeaf ? c : begin + kSumLeaf;
    total += wide_total(leaf_sum(begin, end, f));
  }
  return total;
}

// The lanes of each of kLanes rows joined in the same way: one lane a row. Step D leaves in row[i] pairs of lanes of
// row[i] and row[i + D], as transpose has it.
template <int D = kLanes / 2, class F>
static inline vec rows_join(vec (&row)[kLanes], F f) {
  ivec low, high;
  for (int l = 0; l < kLanes; l++) {
    low[l] = l & D ? kLanes + l - D : l;
    high[l] = l & D ? kLanes + l : l + D;
  }
#pragma GCC unroll 8
  for (int i = 0; i < D; i++)
    row[i] = f(__builtin_shuffle(row[i], row[i + D], low), __builtin_shuffle(row[i], row[i + D], high));
  if constexpr (D > 1) return rows_join<D / 2>(row, f);
  return row[0];
}

}  // namespace ISA
}  // namespace fastcnn
