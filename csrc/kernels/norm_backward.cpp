// Gradients of norm.cpp's y = act(gamma * (x - mean) * inv_std + beta + residual), with g = dy where act lets it
// through:
//   dbeta = sum g,  dgamma = sum g * xhat,  dresidual = g,  xhat = (x - mean) * inv_std, m elements in a group,
//   dx = inv_std * (gamma * g - (group sum of gamma * g) / m - xhat * (group sum of gamma * g * xhat) / m).
// Two passes: the sums over chunks of rows, then one that writes dx (and dresidual). With fixed statistics the group
// sums fall away: dx = gamma * inv_std * g.
#include "norm.h"
#include "norm_rows.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

// g = dy where 0 < y and y is not the ceiling; no y: no mask. relu's ceiling is a number that no positive y equals.
struct Gradient {
  const float *dy, *y;
  vec ceiling;
  inline __attribute__((always_inline)) vec at(int64_t i, int lanes) const {
    vec g = read(dy + i, lanes);
    if (!y) return g;
    vec v = read(y + i, lanes);
    return select((v > zero()) & (v != ceiling), g, zero());
  }
};

// a = sum g, b = sum g * (x - mean).
struct GradientSums {
  Gradient g;
  const float *x, *mean;
  int64_t offset, width;
  int64_t strip = 0;

  void start(int64_t first, int64_t, int64_t) { strip = first; }
  inline __attribute__((always_inline)) void add(vec& s, vec& q, int64_t row, int64_t i, int lanes) const {
    int64_t at = offset + row * width + strip + i;
    vec gradient = g.at(at, lanes);
    s += gradient;
    q = fma(gradient, read(x + at, lanes) - load(mean + strip + i), q);
  }
  void finish(double*, double*, int64_t, int64_t) const {}
};

// The numbers of dx = scale * g + slope * (x - mean) + level, from the sample's totals.
void set_slopes(const NormWorkspace& w, int64_t sample, const NormShape& s, const float* inv_std, const float* gamma,
                bool fixed) {
  const double *a = w.totals(sample), *b = a + s.c;
  int64_t size = s.c / s.groups;
  double count = (double)s.rows * (double)size;
  for (int64_t group = 0; group < s.groups; group++) {
    double inverse = inv_std[sample * s.groups + group], sum_g = 0, sum_gx = 0;
    for (int64_t j = group * size; j < (group + 1) * size && !fixed; j++) {
      sum_g += (gamma ? gamma[j] : 1.0) * a[j];
      sum_gx += (gamma ? gamma[j] : 1.0) * b[j];
    }
    for (int64_t j = group * size; j < (group + 1) * size; j++) {
      w.numbers(sample, 1)[j] = (float)((gamma ? gamma[j] : 1.0) * inverse);
      w.numbers(sample, 2)[j] = (float)(-inverse * inverse * inverse * sum_gx / count);
      w.numbers(sample, 3)[j] = (float)(-inverse * sum_g / count);
    }
  }
}

void add_up(double* totals, const double* sums, const RowPlan& p) {
  for (int64_t j = 0; j < 2 * p.c; j++) totals[j] = 0;
  for_sums(p, sums, [&](const double* a, const double* b, double) {
    for (int64_t j = 0; j < p.c; j++) totals[j] += a[j], totals[p.c + j] += b[j];
  });
}

// Samples are added in order; `scratch` holds c doubles.
void write_parameters(float* dgamma, float* dbeta, const NormWorkspace& w, const NormShape& s, const float* inv_std,
                      double* scratch) {
  int64_t size = s.c / s.groups;
  auto total = [&](float* d, bool scaled) {
    for (int64_t j = 0; j < s.c; j++) scratch[j] = 0;
    for (int64_t sample = 0; sample < s.n; sample++) {
      const double* t = w.totals(sample) + (scaled ? s.c : 0);
      for (int64_t j = 0; j < s.c; j++) scratch[j] += scaled ? t[j] * inv_std[sample * s.groups + j / size] : t[j];
    }
    for (int64_t j = 0; j < s.c; j++) d[j] = (float)scratch[j];
  };
  if (dgamma) total(dgamma, true);
  if (dbeta) total(dbeta, false);
}

struct Slopes {
  const float *mean, *scale, *slope, *level;
};

// All arguments are values, so that they stay in registers whatever dx may alias. No x: the statistics were fixed.
void gradient_chunk(float* dx, float* dresidual, Gradient g, const float* x, Slopes k, int64_t at, int64_t rows,
                    int64_t width) {
  for (int64_t r = 0; r < rows; r++, at += width) {
    for_lanes(
        width, [&](int64_t i, int lanes) __attribute__((always_inline)) {
          vec gradient = g.at(at + i, lanes), d = load(k.scale + i) * gradient;
          if (x) {
            vec about = read(x + at + i, lanes) - load(k.mean + i);
            d = fma(load(k.scale + i), gradient, fma(load(k.slope + i), about, load(k.level + i)));
          }
          write(dx + at + i, d, lanes);
          if (dresidual) write(dresidual + at + i, gradient, lanes);
        });
  }
}

void write_gradient(float* dx, float* dresidual, const Gradient& g, const float* x, const NormWorkspace& w) {
  for_chunks(w.plan, [&](const Chunk& chunk) {
    Slopes k{w.numbers(chunk.sample, 0), w.numbers(chunk.sample, 1), w.numbers(chunk.sample, 2),
             w.numbers(chunk.sample, 3)};
    gradient_chunk(dx, dresidual, g, x, k, chunk.offset, chunk.rows, chunk.width);
  });
}

}  // namespace

void norm_backward(float* dx, float* dgamma, float* dbeta, float* dresidual, const float* dy, const float* x,
                   const float* y, const float* mean, const float* inv_std, const float* gamma, const NormShape& s,
                   bool fixed, fastcnn_activation f, char* workspace) {
  NormWorkspace w{plan_rows(s), workspace};
  const RowPlan& p = w.plan;
  Gradient g{dy, f == FASTCNN_LINEAR ? nullptr : y, splat(f == FASTCNN_RELU6 ? 6 : -1)};
  int64_t size = s.c / s.groups;
  for (int64_t sample = 0; sample < s.n; sample++) {
    for (int64_t j = 0; j < s.c; j++) w.numbers(sample, 0)[j] = mean[sample * s.groups + j / size];
    w.spread(sample);
  }
  bool reduce = !fixed || dgamma || dbeta;
  if (reduce)
    for_chunks(p, [&](const Chunk& chunk) {
      GradientSums sums{g, x, w.numbers(chunk.sample, 0), chunk.offset, chunk.width};
      double* a = w.sums(chunk.sample) + 2 * chunk.index * p.width;
      reduce_rows(a, a + chunk.width, chunk.rows, chunk.width, sums);
    });
  parallel_ranges(s.n, 1, s.n * p.sums(), [&](int64_t begin, int64_t end) {
    for (int64_t sample = begin; sample < end; sample++) {
      if (reduce) add_up(w.totals(sample), w.sums(sample), p);
      set_slopes(w, sample, s, inv_std, gamma, fixed);
      w.spread(sample);
    }
  });
  write_parameters(dgamma, dbeta, w, s, inv_std, w.sums(0));
  write_gradient(dx, dresidual, g, fixed ? nullptr : x, w);
}

}  // namespace ISA
}  // namespace fastcnn
