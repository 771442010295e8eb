// Vectors of this ISA: kLanes floats and the few operations that kernels are written in.
//
// Two rules keep the bits equal on x86-64-v3, -v4 and aarch64: multiplication and addition fuse only where `fma` is
// written (the build passes -ffp-contract=off), and a sum over lanes goes through `Wide`, sixteen accumulators on every
// ISA, added in one fixed tree. Intrinsics occur in this file alone.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace fastcnn {
namespace ISA {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kRegisters = 32;
#else
constexpr int kRegisters = 16;
#endif
#if defined(__FMA__) || defined(__aarch64__)
constexpr bool kFuses = true;  // fma rounds once
#else
constexpr bool kFuses = false;
#endif

typedef float vec __attribute__((vector_size(kLanes * 4)));
typedef int32_t ivec __attribute__((vector_size(kLanes * 4)));
typedef uint32_t uvec __attribute__((vector_size(kLanes * 4)));
typedef uint64_t lvec __attribute__((vector_size(kLanes * 4)));  // kLanes / 2 lanes
typedef float vec_unaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
typedef int32_t ivec_unaligned __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));

static inline vec load(const float* p) { return *(const vec_unaligned*)p; }
static inline void store(float* p, vec v) { *(vec_unaligned*)p = v; }
static inline ivec load(const int32_t* p) { return *(const ivec_unaligned*)p; }
static inline void store(int32_t* p, ivec v) { *(ivec_unaligned*)p = v; }

static inline vec zero() { return vec{}; }
static inline ivec isplat(int32_t x) { return ivec{} + x; }
static inline ivec bits(vec v) { return (ivec)v; }
static inline vec from_bits(ivec v) { return (vec)v; }

// mask: the lanes of a comparison (a < b), all ones or all zeros.
static inline vec select(ivec mask, vec yes, vec no) { return mask ? yes : no; }
static inline ivec select(ivec mask, ivec yes, ivec no) { return mask ? yes : no; }
// v where the gate is above 0, else 0; NaN where the gate is.
static inline vec through(vec gate, vec v) { return select(gate > 0, v, select(gate == gate, vec{}, gate)); }

// fma(a, b, c) = a * b + c in one rounding. max and min return b when either is NaN, so max(lo, x) keeps a NaN in x.
// load_first and store_first touch the first n lanes only (0 <= n <= kLanes); the others are zero.
#if defined(__AVX512F__)
static inline vec splat(float x) { return _mm512_set1_ps(x); }
static inline vec fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline vec max(vec a, vec b) { return _mm512_mask_max_ps(a, 0xffff, a, b); }
static inline vec min(vec a, vec b) { return _mm512_mask_min_ps(a, 0xffff, a, b); }
static inline vec sqrt(vec a) { return _mm512_mask_sqrt_ps(a, 0xffff, a); }
static inline vec round_even(vec a) { return _mm512_mask_roundscale_ps(a, 0xffff, a, 8); }
static inline ivec to_int(vec a) { return (ivec)_mm512_maskz_cvttps_epi32(0xffff, a); }
static inline vec to_float(ivec a) { return _mm512_maskz_cvtepi32_ps(0xffff, (__m512i)a); }
static inline vec load_first(const float* p, int n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
static inline void store_first(float* p, vec v, int n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v); }
static inline void stream(float* p, vec v) { _mm512_stream_ps(p, v); }
static inline vec times_power(vec a, vec n) { return _mm512_mask_scalef_ps(a, 0xffff, a, n); }
#elif defined(__AVX2__)
static inline __m256i first_lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vec splat(float x) { return _mm256_set1_ps(x); }
static inline vec fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline vec max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec min(vec a, vec b) { return _mm256_min_ps(a, b); }
static inline vec sqrt(vec a) { return _mm256_sqrt_ps(a); }
static inline vec round_even(vec a) { return _mm256_round_ps(a, 8); }
static inline ivec to_int(vec a) { return (ivec)_mm256_cvttps_epi32(a); }
static inline vec to_float(ivec a) { return _mm256_cvtepi32_ps((__m256i)a); }
static inline vec load_first(const float* p, int n) { return _mm256_maskload_ps(p, first_lanes(n)); }
static inline void store_first(float* p, vec v, int n) { _mm256_maskstore_ps(p, first_lanes(n), v); }
static inline void stream(float* p, vec v) { _mm256_stream_ps(p, v); }
#else
static inline vec splat(float x) { return vec{x, x, x, x}; }
static inline vec max(vec a, vec b) { return a > b ? a : b; }
static inline vec min(vec a, vec b) { return a < b ? a : b; }
#if defined(__aarch64__)
static inline vec fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
static inline vec sqrt(vec a) { return vsqrtq_f32(a); }
static inline vec round_even(vec a) { return vrndnq_f32(a); }
#else
static inline vec fma(vec a, vec b, vec c) { return a * b + c; }
static inline vec sqrt(vec a) { return vec{sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])}; }
static inline vec round_even(vec a) { return vec{rintf(a[0]), rintf(a[1]), rintf(a[2]), rintf(a[3])}; }
#endif
static inline ivec to_int(vec a) { return __builtin_convertvector(a, ivec); }
static inline vec to_float(ivec a) { return __builtin_convertvector(a, vec); }
static inline vec load_first(const float* p, int n) {
  vec v{};
  for (int i = 0; i < n; i++) v[i] = p[i];
  return v;
}
static inline void store_first(float* p, vec v, int n) {
  for (int i = 0; i < n; i++) p[i] = v[i];
}
static inline void stream(float* p, vec v) { store(p, v); }
#endif

#if !defined(__AVX512F__)
static inline vec times_power(vec a, vec n) {  // a 2^n, n whole: in two steps, of which only the last one rounds
  ivec i = to_int(n), half = i >> 1;
  return a * from_bits((half + 127) << 23) * from_bits((i - half + 127) << 23);
}
#endif

static inline void stream_fence() {
#if defined(__SSE2__)
  _mm_sfence();  // streamed stores become visible to the other threads
#endif
}

// kLanes bytes as integers, and back (the low byte of each lane): GCC 12 turns __builtin_convertvector into scalar
// code.
#if defined(__AVX512F__)
static inline ivec load_bytes(const uint8_t* p) {
  return (ivec)_mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128((const __m128i*)p));
}
static inline void store_bytes(uint8_t* p, ivec v) {
  _mm_storeu_si128((__m128i*)p, _mm512_maskz_cvtepi32_epi8(0xffff, (__m512i)v));
}
#elif defined(__AVX2__)
static inline ivec load_bytes(const uint8_t* p) {
  return (ivec)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)p));
}
static inline void store_bytes(uint8_t* p, ivec v) {
  __m128i low_bytes = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  __m128i a = _mm_shuffle_epi8(_mm256_castsi256_si128((__m256i)v), low_bytes);
  __m128i b = _mm_shuffle_epi8(_mm256_extracti128_si256((__m256i)v, 1), low_bytes);
  _mm_storel_epi64((__m128i*)p, _mm_unpacklo_epi32(a, b));
}
#else
static inline ivec load_bytes(const uint8_t* p) { return ivec{p[0], p[1], p[2], p[3]}; }
static inline void store_bytes(uint8_t* p, ivec v) {
  for (int i = 0; i < kLanes; i++) p[i] = (uint8_t)v[i];
}
#endif

// The 64-bit products of the low halves of 64-bit lanes; the high halves of a and b are ignored.
#if defined(__AVX512F__)
static inline lvec mul_low(lvec a, lvec b) { return (lvec)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b); }
#elif defined(__AVX2__)
static inline lvec mul_low(lvec a, lvec b) { return (lvec)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
#elif defined(__SSE2__)
static inline lvec mul_low(lvec a, lvec b) { return (lvec)_mm_mul_epu32((__m128i)a, (__m128i)b); }
#else
static inline lvec mul_low(lvec a, lvec b) { return (a & 0xffffffffu) * (b & 0xffffffffu); }
#endif

// to_nearest: rounded to even. gather: p[i] of each lane; gather_words: the four bytes from p + i on, which need not be
// aligned. any: whether a lane of a mask is set.
#if defined(__AVX512F__)
static inline ivec to_nearest(vec a) { return (ivec)_mm512_maskz_cvtps_epi32(0xffff, a); }
static inline vec gather(const float* p, ivec i) {
  return _mm512_mask_i32gather_ps(_mm512_setzero_ps(), 0xffff, (__m512i)i, p, 4);
}
static inline ivec gather_words(const uint8_t* p, ivec i) {
  return (ivec)_mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0xffff, (__m512i)i, p, 1);
}
static inline bool any(ivec mask) { return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask) != 0; }
#elif defined(__AVX2__)
static inline ivec to_nearest(vec a) { return (ivec)_mm256_cvtps_epi32(a); }
static inline vec gather(const float* p, ivec i) { return _mm256_i32gather_ps(p, (__m256i)i, 4); }
static inline ivec gather_words(const uint8_t* p, ivec i) {
  return (ivec)_mm256_i32gather_epi32((const int*)p, (__m256i)i, 1);
}
static inline bool any(ivec mask) { return !_mm256_testz_si256((__m256i)mask, (__m256i)mask); }
#else
static inline ivec to_nearest(vec a) { return to_int(round_even(a)); }
static inline vec gather(const float* p, ivec i) { return vec{p[i[0]], p[i[1]], p[i[2]], p[i[3]]}; }
static inline ivec gather_words(const uint8_t* p, ivec i) {
  ivec words;
  for (int l = 0; l < kLanes; l++) {
    int32_t word;
    memcpy(&word, p + i[l], 4);
    words[l] = word;
  }
  return words;
}
static inline bool any(ivec mask) { return (mask[0] | mask[1] | mask[2] | mask[3]) != 0; }
#endif

// kLanes pixels of three bytes, one in each lane, its first byte lowest, and nothing in the highest; and back. Not a
// byte more is touched.
#if defined(__AVX2__)
static inline __m256i spread_triples() {
  return _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1,  //
                          0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
}
static inline __m256i close_triples() {
  return _mm256_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1,  //
                          0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
}
#endif
#if defined(__AVX512BW__)
static inline ivec load_triples(const uint8_t* p) {
  __m512i packed = _mm512_maskz_loadu_epi32(0x0fff, p);
  __m512i apart = _mm512_maskz_permutexvar_epi32(
      0xffff, _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11), packed);
  return (ivec)_mm512_shuffle_epi8(apart, _mm512_maskz_broadcast_i64x4(0xff, spread_triples()));
}
static inline void store_triples(uint8_t* p, ivec v) {
  __m512i apart = _mm512_shuffle_epi8((__m512i)v, _mm512_maskz_broadcast_i64x4(0xff, close_triples()));
  __m512i packed = _mm512_maskz_permutexvar_epi32(
      0xffff, _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15), apart);
  _mm512_mask_storeu_epi32(p, 0x0fff, packed);
}
#elif defined(__AVX2__)
static inline ivec load_triples(const uint8_t* p) {
  __m256i packed = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i*)p)),
                                           _mm_loadl_epi64((const __m128i*)(p + 16)), 1);
  __m256i apart = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5));
  return (ivec)_mm256_shuffle_epi8(apart, spread_triples());
}
static inline void store_triples(uint8_t* p, ivec v) {
  __m256i apart = _mm256_shuffle_epi8((__m256i)v, close_triples());
  __m256i packed = _mm256_permutevar8x32_epi32(apart, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7));
  _mm_storeu_si128((__m128i*)p, _mm256_castsi256_si128(packed));
  _mm_storel_epi64((__m128i*)(p + 16), _mm256_extracti128_si256(packed, 1));
}
#else
static inline ivec load_triples(const uint8_t* p) {
  ivec v;
  for (int l = 0; l < kLanes; l++) v[l] = p[3 * l] | p[3 * l + 1] << 8 | p[3 * l + 2] << 16;
  return v;
}
static inline void store_triples(uint8_t* p, ivec v) {
  for (int l = 0; l < kLanes; l++)
    for (int k = 0; k < 3; k++) p[3 * l + k] = (uint8_t)(v[l] >> 8 * k);
}
#endif

static inline vec abs(vec a) { return from_bits(bits(a) & isplat(0x7fffffff)); }

// One float fused multiply-add, the scalar twin of the vector one.
static inline float fma(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

// Rows become columns: r[i][j] <-> r[j][i], by exchanging ever smaller halves.
template <int D>
static inline void transpose_step(vec (&r)[kLanes]) {
  ivec low, high;
  for (int l = 0; l < kLanes; l++) {
    low[l] = l & D ? kLanes + l - D : l;
    high[l] = l & D ? kLanes + l : l + D;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; i++) {
    if (i & D) continue;
    vec a = r[i], b = r[i + D];
    r[i] = __builtin_shuffle(a, b, low);
    r[i + D] = __builtin_shuffle(a, b, high);
  }
  if constexpr (D > 1) transpose_step<D / 2>(r);
}
static inline void transpose(vec (&r)[kLanes]) { transpose_step<kLanes / 2>(r); }

// Sixteen lanes on every ISA: the accumulators of a reduction along a contiguous axis.
constexpr int kWide = 16;
struct Wide {
  vec v[kWide / kLanes];
};
static inline Wide wide_splat(float x) {
  Wide r;
  for (int i = 0; i < kWide / kLanes; i++) r.v[i] = splat(x);
  return r;
}
static inline Wide wide_load(const float* p) {
  Wide r;
  for (int i = 0; i < kWide / kLanes; i++) r.v[i] = load(p + i * kLanes);
  return r;
}
// The first n of sixteen (0 <= n <= 16); the others are zero.
static inline Wide wide_load_first(const float* p, int n) {
  Wide r;
  for (int i = 0; i < kWide / kLanes; i++) {
    int left = n - i * kLanes;
    r.v[i] = left <= 0 ? zero() : load_first(p + i * kLanes, left < kLanes ? left : kLanes);
  }
  return r;
}
static inline Wide wide_add(Wide a, Wide b) {
  for (int i = 0; i < kWide / kLanes; i++) a.v[i] += b.v[i];
  return a;
}
static inline Wide wide_fma(Wide a, Wide b, Wide c) {
  for (int i = 0; i < kWide / kLanes; i++) c.v[i] = fma(a.v[i], b.v[i], c.v[i]);
  return c;
}
// Sum of the sixteen lanes, halving: 8 + 8, 4 + 4, 2 + 2, 1 + 1.
static inline float wide_sum(Wide a) {
  float t[kWide];
  for (int i = 0; i < kWide / kLanes; i++) store(t + i * kLanes, a.v[i]);
  for (int half = kWide / 2; half > 0; half /= 2)
    for (int i = 0; i < half; i++) t[i] += t[i + half];
  return t[0];
}

}  // namespace ISA
}  // namespace fastcnn
