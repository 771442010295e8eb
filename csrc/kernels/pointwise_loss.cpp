// loss[i] = mean over j of l(x[i, j], t[i, j]), dx[i, j] = l'(x[i, j], t[i, j]) scale weight[i] / c: one pass over
// both, in vectors that run across rows; the terms of a leaf wait in L1 until they are summed row by row.
//
// A row is summed in pieces of 65,536 whose bounds depend on c alone, so that a few long rows share the threads with
// the very bits of many. With c = 1 the terms are the losses.
#include "loss_parts.h"
#include "row_sums.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "vmath.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kPiece = 65536, kMostPieces = 256;
constexpr int64_t kFew = 8;
constexpr int64_t kBlock = 4 * kSumLeaf;

struct Term {
  vec loss, slope;
};

// log(1 + e^x) - t x: the part beside the logarithm is exact where t is 0 or 1.
struct BinaryLogits {
  float keep, add;
  static BinaryLogits of(float smoothing) { return {1 - smoothing, smoothing / 2}; }
  Term operator()(vec x, vec t) const {
    t = fma(t, splat(keep), splat(add));
    return {(max(zero(), x) - x * t) + log1p_unit(exp(-abs(x))), sigmoid(x) - t};
  }
};
struct BinaryProbabilities {
  float keep, add;
  static BinaryProbabilities of(float smoothing) { return {1 - smoothing, smoothing / 2}; }
  Term operator()(vec x, vec t) const {
    t = fma(t, splat(keep), splat(add));
    vec low = splat(kEpsilon), high = splat(1 - kEpsilon), q = min(high, max(low, x)), rest = splat(1) - q;
    vec loss = -(t * log(q) + (splat(1) - t) * log(rest));
    return {loss, select((x >= low) & (x <= high), (q - t) / (q * rest), select(x != x, x, zero()))};
  }
};
struct Squared {
  static Squared of(float) { return {}; }
  Term operator()(vec x, vec t) const {
    vec d = x - t;
    return {d * d, d + d};
  }
};
struct Absolute {
  static Absolute of(float) { return {}; }
  Term operator()(vec x, vec t) const {
    vec d = x - t;
    return {abs(d), select(d > zero(), splat(1), select(d < zero(), splat(-1), d))};
  }
};
struct Huber {
  float delta;
  static Huber of(float delta) { return {delta}; }
  Term operator()(vec x, vec t) const {
    vec d = x - t, a = abs(d), limit = splat(delta);
    vec loss = select(a > limit, limit * (a - splat(0.5f) * limit), splat(0.5f) * d * d);
    return {loss, max(-limit, min(limit, d))};
  }
};

// terms[i] = l(x[i], t[i]), dx[i] = l'(x[i], t[i]) factor[i step]; dx may be null. What is compiled for each loss.
using Terms = void (*)(float* terms, float* dx, const float* x, const float* t, const float* factor, int64_t step,
                       int64_t size, bool past, float parameter);
template <class F>
void terms_of(float* terms, float* dx, const float* x, const float* t, const float* factor, int64_t step, int64_t size,
              bool past, float parameter) {
  const F f = F::of(parameter);
  const vec still = splat(*factor);
  int64_t i = 0, head = past ? -(int64_t)((uintptr_t)dx / sizeof(float)) & (kLanes - 1) : 0;  // up to whole vectors
  for (int64_t stop = head < size ? head : size;; stop = size) {
    if (int n = (int)(stop - i); n > 0) {
      Term term = f(load_first(x + i, n), load_first(t + i, n));
      store_first(terms + i, term.loss, n);
      if (dx) store_first(dx + i, term.slope * (step ? load_first(factor + i, n) : still), n);
    }
    if ((i = stop) == size) return;
    for (; i + kLanes <= size; i += kLanes) {
      Term term = f(load(x + i), load(t + i));
      store(terms + i, term.loss);
      if (dx) put(dx + i, term.slope * (step ? load(factor + i) : still), past);
    }
  }
}

Wide leaf(const float* terms, int64_t size) {
  return leaf_sum(0, size,
                  [=](int64_t i, int n) { return n == kWide ? wide_load(terms + i) : wide_load_first(terms + i, n); });
}

// The leaves of up to four rows side by side, for each addition waits for the one before it.
void leaves(Wide (&sum)[4], const float* terms, int64_t rows, int64_t c) {
  const float* from[4];
  for (int q = 0; q < 4; q++) sum[q] = wide_splat(0), from[q] = terms + (q < rows ? q : 0) * c;
  int64_t i = 0;
  for (; i + kWide <= c; i += kWide)
#pragma GCC unroll 4
    for (int q = 0; q < 4; q++) sum[q] = wide_add(sum[q], wide_load(from[q] + i));
  for (int q = 0; q < 4 && i < c; q++) sum[q] = wide_add(sum[q], wide_load_first(from[q] + i, (int)(c - i)));
}

// loss[r] = the mean of the r-th of these rows of c terms, at most a leaf each. All add as wide_sum does; few terms are
// no work for vectors.
void means(float* loss, const float* terms, int64_t rows, int64_t c) {
  if (c <= kFew) {
    for (int64_t r = 0; r < rows; r++, terms += c) {
      auto at = [&](int j) { return j < c ? terms[j] : 0; };
      float even = (at(0) + at(4)) + (at(2) + at(6)), odd = (at(1) + at(5)) + (at(3) + at(7));
      loss[r] = (even + odd) / (float)c;
    }
    return;
  }
  auto add = [](vec a, vec b) { return a + b; };
  Wide four[4];
  if (rows <= 4) {
    leaves(four, terms, rows, c);
    for (int64_t r = 0; r < rows; r++) loss[r] = wide_sum(four[r]) / (float)c;
    return;
  }
  for (int64_t first = 0; first < rows; first += kLanes) {
    int many = rows - first < kLanes ? (int)(rows - first) : kLanes;
    const float* from = terms + first * c;
    vec sums[kLanes];
    for (int l = 0; l < kLanes; l++) {
      if (c > kLanes && l % 4 == 0 && l < many) leaves(four, from + l * c, many - l, c);
      sums[l] = l >= many     ? zero()
                : c <= kLanes ? zero() + load_first(from + l * c, (int)c)
                              : wide_join(four[l % 4], add);
    }
    store_first(loss + first, rows_join(sums, add) / splat((float)c), many);
  }
}

struct Loss {
  Terms terms;
  float* dx;
  const float *x, *t, *weights;
  float scale, parameter;
  int64_t c;
  bool past;

  float factor(int64_t row) const { return (float)((weights ? scale * weights[row] : scale) / (double)c); }
  void run(float* to, int64_t at, int64_t size, const float* factor, int64_t step) const {
    terms(to, dx ? dx + at : nullptr, x + at, t + at, factor, step, size, past, parameter);
  }
  // The sum of a piece of a long row.
  double piece(int64_t row, int64_t p) const {
    float block[kSumLeaf], w = factor(row);
    int64_t end = (p + 1) * kPiece < c ? (p + 1) * kPiece : c;
    double sum = 0;
    for (int64_t i = p * kPiece; i < end; i += kSumLeaf) {
      int64_t size = end - i < kSumLeaf ? end - i : kSumLeaf;
      run(block, row * c + i, size, &w, 0);
      sum += wide_sum(leaf(block, size));
    }
    return sum;
  }
  // Rows of at most a leaf, as many at once as a block holds.
  void rows(float* loss, int64_t begin, int64_t end) const {
    float block[kBlock], factors[kBlock];
    for (int64_t many, row = begin; row < end; row += many) {
      many = end - row < kBlock / c ? end - row : kBlock / c;
      if (weights)
        for (int64_t r = 0; r < many; r++) {
          const float w = factor(row + r);
          for (int64_t i = 0; i < c; i++) factors[r * c + i] = w;
        }
      else
        factors[0] = factor(row);
      run(c == 1 ? loss + row : block, row * c, many * c, factors, weights != nullptr);
      if (c > 1) means(loss + row, block, many, c);
    }
  }
};

void rows(float* loss, int64_t n, const Loss& of) {
  const int64_t c = of.c, pieces = (c + kPiece - 1) / kPiece, work = n * c / 2 + (c > 1 ? n : 0);
  if (pieces > 1 && n * pieces <= kMostPieces) {
    double sums[kMostPieces];
    parallel_for(n * pieces, work, [&](int64_t task) {
      sums[task] = of.piece(task / pieces, task % pieces);
      stream_fence();
    });
    for (int64_t row = 0; row < n; row++) {
      double sum = 0;
      for (int64_t p = 0; p < pieces; p++) sum += sums[row * pieces + p];
      loss[row] = (float)(sum / (double)c);
    }
    return;
  }
  parallel_ranges(n, c < kSumLeaf ? kSumLeaf / c : 1, work, [&](int64_t begin, int64_t end) {
    if (c <= kSumLeaf) of.rows(loss, begin, end);
    for (int64_t row = begin; c > kSumLeaf && row < end; row++) {
      double sum = 0;
      for (int64_t p = 0; p < pieces; p++) sum += of.piece(row, p);
      loss[row] = (float)(sum / (double)c);
    }
    stream_fence();
  });
}

}  // namespace

void pointwise_loss(float* loss, float* dx, const float* x, const float* t, const float* weights, float scale,
                    fastcnn_pointwise_loss kind, float parameter, int64_t n, int64_t c) {
  const Terms terms = kind == FASTCNN_LOSS_BINARY_LOGITS          ? terms_of<BinaryLogits>
                      : kind == FASTCNN_LOSS_BINARY_PROBABILITIES ? terms_of<BinaryProbabilities>
                      : kind == FASTCNN_LOSS_SQUARED              ? terms_of<Squared>
                      : kind == FASTCNN_LOSS_ABSOLUTE             ? terms_of<Absolute>
                                                                  : terms_of<Huber>;
  rows(loss, n,
       {terms, dx, x, t, weights, scale, parameter, c, dx && dx != x && n * c * (int64_t)sizeof(float) >= kStreamFrom});
}

}  // namespace ISA
}  // namespace fastcnn
