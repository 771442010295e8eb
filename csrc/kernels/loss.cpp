// Cross-entropy: loss = -sum_j t_j log p_j, p = softmax(x) or x / sum(x); x, t: (n, c).
//
// From logits log p = (x - max) - log(sum of e^(x - max)), and d loss / dx = p sum(t) - t. A row stays in cache for its
// few passes, so the order is one row after the other, classes in vectors. A label is the target vector that it stands
// for, made in registers: both kinds of target share the code.
#include "loss.h"

#include "loss_parts.h"
#include "row_sums.h"
#include "runtime/parallel.h"
#include "softmax_rows.h"
#include "vmath.h"

namespace fastcnn {
namespace ISA {
namespace {

// Sixteen targets from i on, zero from the n-th.
struct Dense {
  const float* t;
  float keep, add;  // label smoothing: t keep + add
  Wide at(int64_t i, int n) const {
    vec k = splat(keep), a = splat(add);
    if (n == kWide) return wide_map(wide_load(t + i), [=](vec v) { return fma(v, k, a); });
    float lanes[kWide] = {};
    Wide w = wide_map(wide_load_first(t + i, n), [=](vec v) { return fma(v, k, a); });
    wide_store_first(lanes, w, n);
    return wide_load(lanes);
  }
};
struct Label {
  int64_t label;
  float keep, add;
  Wide at(int64_t i, int n) const {
    float lanes[kWide];
    for (int j = 0; j < kWide; j++) lanes[j] = j < n ? add : 0;
    if (label >= i && label < i + n) lanes[label - i] = keep + add;
    return wide_load(lanes);
  }
};

vec weighed(vec t, vec log_p) { return select(t == zero(), zero(), t * log_p); }  // 0 where 0 * inf

template <class Target>
float logits_row(float* dx, const float* x, Target target, float weight, int64_t c) {
  float top = row_max(x, c);
  vec largest = splat(top);
  double sum = row_sum(c, [&](int64_t i, int n) { return wide_exp(x + i, n, top, [](vec a) { return exp(a); }); });
  double total = row_sum(c, [&](int64_t i, int n) { return target.at(i, n); });
  vec log_sum = log(splat((float)sum));
  double loss = row_sum(c, [&](int64_t i, int n) {
    return wide_map(wide_load_first(x + i, n), target.at(i, n),
                    [=](vec a, vec t) { return weighed(t, log_sum - (a - largest)); });
  });
  vec scale = splat((float)(total / sum)), w = splat(weight);
  for (int64_t i = 0; dx && i < c; i += kWide) {
    int n = c - i < kWide ? (int)(c - i) : kWide;
    Wide d = wide_map(wide_load_first(x + i, n), target.at(i, n),
                      [=](vec a, vec t) { return (exp(a - largest) * scale - t) * w; });
    wide_store_first(dx + i, d, n);
  }
  return (float)loss;
}

// Labels without smoothing, up to kLanes short rows: p is a softmax but for the label's, whose loss is the only term.
void label_rows(float* loss, float* dx, const float* x, const int64_t* labels, const float* weights, float scale,
                int64_t rows, int64_t c) {
  float w[kLanes] = {}, at_label[kLanes] = {}, slope[kLanes];
  for (int64_t r = 0; r < rows; r++) {
    w[r] = weights ? scale * weights[r] : scale;
    at_label[r] = x[r * c + labels[r]];
  }
  SoftmaxRows of;
  softmax_rows(dx, x, rows, c, w, false, false, of);
  vec over = load(at_label) - load(of.largest);
  store_first(loss, load(of.log_sum) - over, (int)rows);
  store(slope, (exp(over) * load(of.scale) - splat(1)) * load(w));
  for (int64_t r = 0; dx && r < rows; r++) dx[r * c + labels[r]] = slope[r];
}

// q = x / sum(x), clipped: loss = -sum t log q; dx = (g - sum(g q)) / sum(x), g = -t / q, or 0 where q was clipped.
template <class Target>
float probabilities_row(float* dx, const float* x, Target target, float weight, int64_t c) {
  double sum = row_sum(c, [&](int64_t i, int n) { return wide_load_first(x + i, n); });
  vec divisor = splat((float)sum), low = splat(kEpsilon), high = splat(1 - kEpsilon);
  auto clip = [=](vec q) { return min(high, max(low, q)); };
  auto slope = [=](vec q, vec t) { return select((q >= low) & (q <= high), -t / clip(q), q - q); };
  double loss = row_sum(c, [&](int64_t i, int n) {
    return wide_map(wide_load_first(x + i, n), target.at(i, n),
                    [=](vec a, vec t) { return t * -log(clip(a / divisor)); });
  });
  if (!dx) return (float)loss;
  vec mean = splat((float)row_sum(c, [&](int64_t i, int n) {
    return wide_map(wide_load_first(x + i, n), target.at(i, n), [=](vec a, vec t) {
      vec q = a / divisor;
      return slope(q, t) * q;
    });
  }));
  vec w = splat((float)(weight / sum));
  for (int64_t i = 0; i < c; i += kWide) {
    int n = c - i < kWide ? (int)(c - i) : kWide;
    Wide d = wide_map(wide_load_first(x + i, n), target.at(i, n),
                      [=](vec a, vec t) { return (slope(a / divisor, t) - mean) * w; });
    wide_store_first(dx + i, d, n);
  }
  return (float)loss;
}

void cross_entropy(float* loss, float* dx, const float* x, const int64_t* labels, const float* targets,
                   const float* weights, float scale, float smoothing, int64_t n, int64_t c, bool logits) {
  float keep = 1 - smoothing, add = smoothing / (float)c;
  int64_t grain = c < 1024 ? 1024 / c : 1;
  bool beside = labels && logits && smoothing == 0 && side_by_side(c);
  parallel_ranges(n, grain, n * ((c + 15) / 16) * 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; beside && row < end; row += kLanes)
      label_rows(loss + row, dx ? dx + row * c : nullptr, x + row * c, labels + row, weights ? weights + row : nullptr,
                 scale, end - row < kLanes ? end - row : kLanes, c);
    for (int64_t row = begin; !beside && row < end; row++) {
      float weight = weights ? scale * weights[row] : scale;
      const float* from = x + row * c;
      float* to = dx ? dx + row * c : nullptr;
      auto run = [&](auto target) {
        return logits ? logits_row(to, from, target, weight, c) : probabilities_row(to, from, target, weight, c);
      };
      loss[row] = labels ? run(Label{labels[row], keep, add}) : run(Dense{targets + row * c, keep, add});
    }
  });
}

}  // namespace

extern const LossKernels loss_kernels;
const LossKernels loss_kernels = {cross_entropy, pointwise_loss};

}  // namespace ISA
}  // namespace fastcnn
