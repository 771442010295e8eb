// y = act(gamma * (x - mean) * inv_std + beta + residual) over x (n, rows, c), statistics of a group of channels over
// all rows of a sample: batch normalisation (one sample, a group a channel), group and instance normalisation. Two
// passes at the speed of memory: sums of x - shift and of its square over chunks of rows, merged in double about the
// mean (a large mean costs no digits), then one that reads x and writes y.
#include "norm.h"

#include "norm_rows.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

// a = sum, b = sum of squares about the mean, for each channel of a chunk. The shift, the mean of the first rows, is
// exact where x is constant, so a variance of zero is zero.
struct Moments {
  const float* x;
  int64_t width;
  int64_t ahead = rows_ahead(width) * width, strip = 0;
  alignas(64) float shift[kStrip] = {};

  void start(int64_t first, int64_t size, int64_t rows) {
    strip = first;
    int count = rows >= 8 ? 8 : rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
    vec weight = splat(1.0f / (float)count);
    for_lanes(size, [&](int64_t i, int lanes) {
      vec t[8];
      for (int r = 0; r < count; r++) t[r] = load_some(x + r * width + strip + i, lanes) * weight;
      for (int half = count / 2; half; half /= 2)
        for (int r = 0; r < half; r++) t[r] += t[r + half];
      store(shift + i, t[0]);
    });
  }
  inline __attribute__((always_inline)) void add(vec& s, vec& q, int64_t row, int64_t i, int lanes) const {
    __builtin_prefetch(x + row * width + strip + i + ahead);
    vec d = load_some(x + row * width + strip + i, lanes) - load(shift + i);
    s += d;
    q = fma(d, d, q);
  }
  void finish(double* a, double* b, int64_t size, int64_t rows) const {
    for (int64_t i = 0; i < size; i++) {
      double about = b[i] - a[i] * a[i] / (double)rows;
      b[i] = about < 0 ? 0 : about;
      a[i] += (double)rows * shift[i];
    }
  }
};

// totals: mean and variance of every channel's group, from the chunks' moments.
void merge_moments(double* totals, const double* sums, const RowPlan& p, int64_t groups) {
  double *mean = totals, *variance = totals + p.c;
  int64_t size = p.c / groups;
  double count = (double)p.rows * (double)size;
  auto over_group = [&](double* v) {
    for (int64_t g = 0; g < groups; g++) {
      double sum = 0;
      for (int64_t j = 0; j < size; j++) sum += v[g * size + j];
      for (int64_t j = 0; j < size; j++) v[g * size + j] = sum / count;
    }
  };
  for (int64_t j = 0; j < 2 * p.c; j++) totals[j] = 0;
  for_sums(p, sums, [&](const double* a, const double*, double) {
    for (int64_t j = 0; j < p.c; j++) mean[j] += a[j];
  });
  over_group(mean);
  for_sums(p, sums, [&](const double* a, const double* b, double rows) {
    for (int64_t j = 0; j < p.c; j++) {
      double d = a[j] / rows - mean[j];
      variance[j] += b[j] + rows * d * d;
    }
  });
  over_group(variance);
}

void update_moving(const MovingStatistics& moving, const double* mean, const double* variance, int64_t rows,
                   int64_t c) {
  double keep = moving.momentum, take = 1 - keep;
  double correction = moving.unbiased && rows > 1 ? (double)rows / (double)(rows - 1) : 1;
  for (int64_t j = 0; j < c; j++) {
    if (moving.mean) moving.mean[j] = (float)(keep * moving.mean[j] + take * mean[j]);
    if (moving.variance) moving.variance[j] = (float)(keep * moving.variance[j] + take * (variance[j] * correction));
  }
}

// y = act((x - mean) * scale + shift + residual) with per-channel numbers: what a mean loses in float is in the shift.
void set_affine(const NormWorkspace& w, int64_t sample, int64_t j, double mean, double inv_std, const float* gamma,
                const float* beta) {
  float near = (float)mean;
  double scale = (gamma ? gamma[j] : 1.0) * inv_std;
  w.numbers(sample, 0)[j] = near;
  w.numbers(sample, 1)[j] = (float)scale;
  w.numbers(sample, 2)[j] = (float)((beta ? beta[j] : 0.0) - (mean - near) * scale);
  for (int which = 3; which < kNumbers; which++) w.numbers(sample, which)[j] = 0;
}

struct Affine {
  const float *mean, *scale, *shift;
  inline __attribute__((always_inline)) vec operator()(vec x, int64_t i) const {
    return fma(x - load(mean + i), load(scale + i), load(shift + i));
  }
};

// x's and the residual's, and the activation's bounds.
struct Affines {
  Affine x, residual;
  bool normalised;  // the residual, as it is read
  vec low, high;
};

// All arguments are values, so that they stay in registers whatever y may alias.
template <bool kStreamed>
void normalise_chunk(float* y, const float* x, const float* residual, Affines a, int64_t rows, int64_t width,
                     int64_t x_row) {
  for (int64_t r = 0; r < rows; r++, y += width, x += x_row) {
    for_lanes(
        width, [&](int64_t i, int lanes) __attribute__((always_inline)) {
          __builtin_prefetch(x + i + kAhead);
          vec v = a.x(load_some(x + i, lanes), i);
          if (residual) {
            vec term = load_some(residual + i, lanes);
            v += a.normalised ? a.residual(term, i) : term;
          }
          put_some(y + i, min(a.high, max(a.low, v)), lanes, kStreamed);
        });
    if (residual) residual += width;
  }
}

// normalised: the residual is, as it is read. x_row: as in NormShape.
void normalise(float* y, const float* x, const float* residual, bool normalised, const NormWorkspace& w,
               fastcnn_activation f, int64_t x_row) {
  vec low = splat(f == FASTCNN_LINEAR ? -INFINITY : 0), high = splat(f == FASTCNN_RELU6 ? 6 : INFINITY);
  for_chunks(w.plan, Walk::back, [&](const Chunk& chunk) {
    auto numbers = [&](int which) { return w.numbers(chunk.sample, which); };
    Affines a{{numbers(0), numbers(1), numbers(2)}, {numbers(3), numbers(4), numbers(5)}, normalised, low, high};
    auto run = streams(y, w.plan, chunk) ? normalise_chunk<true> : normalise_chunk<false>;
    int64_t at = x_row ? chunk.offset / chunk.width * x_row : chunk.offset;
    run(y + chunk.offset, x + at, residual ? residual + chunk.offset : nullptr, a, chunk.rows, chunk.width,
        x_row ? x_row : chunk.width);
    stream_fence();
  });
}

size_t workspace_bytes(const NormShape& s) { return NormWorkspace::bytes(plan_rows(s)); }

void forward(float* y, float* mean, float* inv_std, float* affine, const MovingStatistics& moving, const float* x,
             const float* gamma, const float* beta, const float* residual, const NormShape& s, double epsilon,
             fastcnn_activation f, char* workspace) {
  NormWorkspace w{plan_rows(s), workspace};
  const RowPlan& p = w.plan;
  for_chunks(p, Walk::forth, [&](const Chunk& chunk) {
    Moments moments{.x = x + chunk.offset, .width = chunk.width};
    double* sums = w.sums(chunk.sample) + 2 * chunk.index * p.width;
    reduce_rows(&sums, chunk.rows, chunk.width, &moments, 1);
  });
  parallel_ranges(s.n, 1, s.n * p.sums(), [&](int64_t begin, int64_t end) {
    for (int64_t sample = begin; sample < end; sample++) {
      double* totals = w.totals(sample);
      merge_moments(totals, w.sums(sample), p, s.groups);
      int64_t size = s.c / s.groups;
      for (int64_t j = 0; j < s.c; j++) {
        float inverse = (float)(1 / __builtin_sqrt(totals[s.c + j] + epsilon));  // as the gradient will have it
        set_affine(w, sample, j, totals[j], inverse, gamma, beta);
        mean[sample * s.groups + j / size] = (float)totals[j];
        inv_std[sample * s.groups + j / size] = inverse;
        for (int which = 0; affine && which < 3; which++) affine[which * s.c + j] = w.numbers(sample, which)[j];
      }
      w.spread(sample);
    }
  });
  update_moving(moving, w.totals(0), w.totals(0) + s.c, s.rows, s.c);
  if (y) normalise(y, x, residual, false, w, f, 0);
}

void apply(float* y, const float* x, const float* affine, const float* residual, const float* residual_affine,
           const NormShape& s, fastcnn_activation f, char* workspace) {
  NormWorkspace w{plan_rows(s), workspace};
  const float* others = residual_affine ? residual_affine : affine;
  for (int which = 0; which < kNumbers; which++)
    memcpy(w.numbers(0, which), which < 3 ? affine + which * s.c : others + (which - 3) * s.c, (size_t)s.c * 4);
  w.spread(0);
  normalise(y, x, residual, residual_affine, w, f, 0);
}

void inference(float* y, const float* x, const float* mean, const float* variance, const float* gamma,
               const float* beta, const float* residual, const NormShape& s, double epsilon, fastcnn_activation f,
               char* workspace) {
  NormWorkspace w{plan_rows(s), workspace};
  for (int64_t j = 0; j < s.c; j++)
    set_affine(w, 0, j, mean[j], 1 / __builtin_sqrt(variance[j] + epsilon), gamma, beta);
  w.spread(0);
  normalise(y, x, residual, false, w, f, s.x_row);
}

}  // namespace

extern const NormKernels norm_kernels;
const NormKernels norm_kernels = {
    workspace_bytes,    forward, inference, apply, norm_backward, layer_norm_workspace, layer_norm_forward,
    layer_norm_backward};

}  // namespace ISA
}  // namespace fastcnn
