// loss[i] = mean over j of l(x[i, j], t[i, j]), dx[i, j] = l'(x[i, j], t[i, j]) scale weight[i] / c: one pass over
// both.
//
// A row is summed in pieces of 65,536 whose bounds depend on c alone, so that a few long rows share the threads with
// the very bits of many. With c = 1 there is nothing to sum, and vectors run along the rows.
#include "loss_parts.h"
#include "row_sums.h"
#include "runtime/parallel.h"
#include "vmath.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kPiece = 65536, kMostPieces = 256;

struct Term {
  vec loss, slope;
};

// log(1 + e^x) - t x: the part beside the logarithm is exact where t is 0 or 1.
struct BinaryLogits {
  float keep, add;
  Term operator()(vec x, vec t) const {
    t = fma(t, splat(keep), splat(add));
    return {(max(zero(), x) - x * t) + log1p_unit(exp(-abs(x))), sigmoid(x) - t};
  }
};
struct BinaryProbabilities {
  float keep, add;
  Term operator()(vec x, vec t) const {
    t = fma(t, splat(keep), splat(add));
    vec low = splat(kEpsilon), high = splat(1 - kEpsilon), q = min(high, max(low, x)), rest = splat(1) - q;
    vec loss = -(t * log(q) + (splat(1) - t) * log(rest));
    return {loss, select((x >= low) & (x <= high), (q - t) / (q * rest), select(x != x, x, zero()))};
  }
};
struct Squared {
  Term operator()(vec x, vec t) const {
    vec d = x - t;
    return {d * d, d + d};
  }
};
struct Absolute {
  Term operator()(vec x, vec t) const {
    vec d = x - t;
    return {abs(d), select(d > zero(), splat(1), select(d < zero(), splat(-1), d))};
  }
};
struct Huber {
  float delta;
  Term operator()(vec x, vec t) const {
    vec d = x - t, a = abs(d), limit = splat(delta);
    vec loss = select(a > limit, limit * (a - splat(0.5f) * limit), splat(0.5f) * d * d);
    return {loss, max(-limit, min(limit, d))};
  }
};

// The sum of one piece of a row; dx may be null.
template <class F>
double piece_sum(float* dx, const float* x, const float* t, float factor, int64_t size, F f) {
  vec w = splat(factor);
  return row_sum(size, [&](int64_t i, int n) {
    Wide sum = wide_splat(0);
    for (int k = 0; k < kWide / kLanes; k++) {
      int left = n - k * kLanes, lanes = left < kLanes ? left : kLanes;
      if (left <= 0) break;
      int64_t at = i + k * kLanes;
      Term term = f(load_first(x + at, lanes), load_first(t + at, lanes));
      if (dx) store_first(dx + at, term.slope * w, lanes);
      if (lanes < kLanes) {  // what the empty lanes came to must not count
        float kept[kLanes] = {};
        store_first(kept, term.loss, lanes);
        term.loss = load(kept);
      }
      sum.v[k] = term.loss;
    }
    return sum;
  });
}

template <class F>
void single_column(float* loss, float* dx, const float* x, const float* t, const float* weights, float scale, int64_t n,
                   F f) {
  parallel_ranges(n, 1024, n / 16 * 8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kLanes) {
      int lanes = end - i < kLanes ? (int)(end - i) : kLanes;
      Term term = f(load_first(x + i, lanes), load_first(t + i, lanes));
      store_first(loss + i, term.loss, lanes);
      vec w = weights ? splat(scale) * load_first(weights + i, lanes) : splat(scale);
      if (dx) store_first(dx + i, term.slope * w, lanes);
    }
  });
}

template <class F>
void rows(float* loss, float* dx, const float* x, const float* t, const float* weights, float scale, int64_t n,
          int64_t c, F f) {
  if (c == 1) return single_column(loss, dx, x, t, weights, scale, n, f);
  int64_t pieces = (c + kPiece - 1) / kPiece, work = n * ((c + 15) / 16) * 8;
  auto piece = [&](int64_t row, int64_t p) {
    int64_t begin = p * kPiece, size = c - begin < kPiece ? c - begin : kPiece, at = row * c + begin;
    float weight = weights ? scale * weights[row] : scale;
    return piece_sum(dx ? dx + at : nullptr, x + at, t + at, (float)(weight / (double)c), size, f);
  };
  if (pieces > 1 && n * pieces <= kMostPieces) {
    double sums[kMostPieces];
    parallel_for(n * pieces, work, [&](int64_t task) { sums[task] = piece(task / pieces, task % pieces); });
    for (int64_t row = 0; row < n; row++) {
      double sum = 0;
      for (int64_t p = 0; p < pieces; p++) sum += sums[row * pieces + p];
      loss[row] = (float)(sum / (double)c);
    }
    return;
  }
  parallel_ranges(n, c < 1024 ? 1024 / c : 1, work, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      double sum = 0;
      for (int64_t p = 0; p < pieces; p++) sum += piece(row, p);
      loss[row] = (float)(sum / (double)c);
    }
  });
}

}  // namespace

void pointwise_loss(float* loss, float* dx, const float* x, const float* t, const float* weights, float scale,
                    fastcnn_pointwise_loss kind, float parameter, int64_t n, int64_t c) {
  auto run = [&](auto f) { rows(loss, dx, x, t, weights, scale, n, c, f); };
  switch (kind) {
    case FASTCNN_LOSS_BINARY_LOGITS:
      return run(BinaryLogits{1 - parameter, parameter / 2});
    case FASTCNN_LOSS_BINARY_PROBABILITIES:
      return run(BinaryProbabilities{1 - parameter, parameter / 2});
    case FASTCNN_LOSS_SQUARED:
      return run(Squared{});
    case FASTCNN_LOSS_ABSOLUTE:
      return run(Absolute{});
    default:
      return run(Huber{parameter});
  }
}

}  // namespace ISA
}  // namespace fastcnn
