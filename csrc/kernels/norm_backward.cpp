// Gradients of norm.cpp's y = act(gamma * (x - mean) * inv_std + beta + residual), with g = dy where act lets it
// through:
//   dbeta = sum g,  dgamma = sum g * xhat,  dresidual = g,  xhat = (x - mean) * inv_std, m elements in a group,
//   dx = inv_std * (gamma * g - (group sum of gamma * g) / m - xhat * (group sum of gamma * g * xhat) / m).
// Two passes: the sums over chunks of rows, then one that writes dx (and dresidual). Two normalisations whose results
// were added have the same dy: their passes take turns, so that it comes from memory once. With fixed statistics the
// group sums fall away: dx = gamma * inv_std * g. Where there was no residual, the sign of y follows from x, which
// saves reading y: these passes wait for memory.
#include "norm.h"
#include "norm_rows.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

enum class Mask { none, y, x };  // what tells where the activation lets the gradient through

// g = dy where 0 < y and not y >= ceiling, NaN where y is; relu's ceiling is NaN.
template <Mask kMask>
struct Gradient {
  const float *dy, *x, *y;
  vec ceiling;
  // i: of the element; j: of its channel among the numbers.
  inline __attribute__((always_inline)) vec at(const float* const* numbers, int64_t i, int64_t j, int lanes) const {
    vec g = load_some(dy + i, lanes);
    if (kMask == Mask::none) return g;
    vec v = kMask == Mask::y
                ? load_some(y + i, lanes)
                : fma(load_some(x + i, lanes) - load(numbers[0] + j), load(numbers[1] + j), load(numbers[4] + j));
    return select(v >= ceiling, zero(), through(v, g));
  }
};

// a = sum g, b = sum g * (x - mean).
template <Mask kMask>
struct GradientSums {
  Gradient<kMask> g;
  const float* numbers[kNumbers];
  int64_t offset, width;
  int64_t ahead = rows_ahead(width) * width, strip = 0;

  void start(int64_t first, int64_t, int64_t) { strip = first; }
  inline __attribute__((always_inline)) void add(vec& s, vec& q, int64_t row, int64_t i, int lanes) const {
    int64_t at = offset + row * width + strip + i;
    __builtin_prefetch(g.dy + at + ahead);
    __builtin_prefetch(g.x + at + ahead);
    if (kMask == Mask::y) __builtin_prefetch(g.y + at + ahead);
    vec gradient = g.at(numbers, at, strip + i, lanes);
    s += gradient;
    q = fma(gradient, load_some(g.x + at, lanes) - load(numbers[0] + strip + i), q);
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

// A workspace's numbers of one sample: mean, scale, slope, level, shift.
struct Numbers {
  const float* of[kNumbers];
  Numbers(const NormWorkspace& w, int64_t sample) {
    for (int which = 0; which < kNumbers; which++) of[which] = w.numbers(sample, which);
  }
};

// All arguments are values, so that they stay in registers whatever dx may alias.
template <Mask kMask, bool kStreamed>
void gradient_chunk(float* dx, float* dresidual, Gradient<kMask> g, bool fixed, Numbers k, int64_t at, int64_t rows,
                    int64_t width) {
  for (int64_t r = 0; r < rows; r++, at += width) {
    for_lanes(
        width, [&](int64_t i, int lanes) __attribute__((always_inline)) {
          __builtin_prefetch(g.dy + at + i + kAhead);
          __builtin_prefetch(g.x + at + i + kAhead);
          if (kMask == Mask::y) __builtin_prefetch(g.y + at + i + kAhead);
          vec gradient = g.at(k.of, at + i, i, lanes), d = load(k.of[1] + i) * gradient;
          if (!fixed) {
            vec about = load_some(g.x + at + i, lanes) - load(k.of[0] + i);
            d = fma(load(k.of[1] + i), gradient, fma(load(k.of[2] + i), about, load(k.of[3] + i)));
          }
          put_some(dx + at + i, d, lanes, kStreamed);
          if (dresidual) put_some(dresidual + at + i, gradient, lanes, kStreamed);
        });
  }
}

constexpr int kSides = 2;              // at most
constexpr int64_t kTurnFloats = 8192;  // of dy, after which it is another side's turn: they are still in L1 or L2

// A side's gradient and its workspace.
template <Mask kMask>
struct Task {
  Gradient<kMask> g;
  NormWorkspace w;
};

template <Mask kMask>
void sum_gradients(const Task<kMask>* tasks, int count) {
  const RowPlan& p = tasks->w.plan;
  for_chunks(p, Walk::forth, [&](const Chunk& chunk) {
    auto sums_of = [&](int i) -> GradientSums<kMask> {
      Numbers k(tasks[i].w, chunk.sample);
      return {tasks[i].g, {k.of[0], k.of[1], k.of[2], k.of[3], k.of[4], k.of[5]}, chunk.offset, chunk.width};
    };
    GradientSums<kMask> terms[kSides] = {sums_of(0), sums_of(count - 1)};
    double* sums[kSides];
    for (int i = 0; i < count; i++) sums[i] = tasks[i].w.sums(chunk.sample) + 2 * chunk.index * p.width;
    reduce_rows(sums, chunk.rows, chunk.width, terms, count);
  });
}

template <Mask kMask>
void write_gradients(const NormSide* sides, const Task<kMask>* tasks, int count, bool fixed) {
  const RowPlan& p = tasks->w.plan;
  for_chunks(p, Walk::back, [&](const Chunk& chunk) {
    int64_t turn = count == 1 ? chunk.rows : kTurnFloats / chunk.width + 1;
    for (int64_t row = 0; row < chunk.rows; row += turn)
      for (int i = 0; i < count; i++) {
        const NormSide& side = sides[i];
        bool past_caches = streams(side.dx, p, chunk) && (!side.dresidual || streams(side.dresidual, p, chunk));
        auto run = past_caches ? gradient_chunk<kMask, true> : gradient_chunk<kMask, false>;
        run(side.dx, side.dresidual, tasks[i].g, fixed, Numbers(tasks[i].w, chunk.sample),
            chunk.offset + row * chunk.width, chunk.rows - row < turn ? chunk.rows - row : turn, chunk.width);
      }
    stream_fence();
  });
}

template <Mask kMask>
void run_tasks(const NormSide* sides, const Task<kMask>* tasks, int count, const NormShape& s, bool fixed) {
  const RowPlan& p = tasks->w.plan;
  bool reduce = !fixed;
  for (int i = 0; i < count; i++) reduce = reduce || sides[i].dgamma || sides[i].dbeta;
  if (reduce) sum_gradients(tasks, count);
  parallel_ranges(count * s.n, 1, count * s.n * p.sums(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      int64_t sample = i % s.n;
      const NormSide& side = sides[i / s.n];
      const NormWorkspace& w = tasks[i / s.n].w;
      if (reduce) add_up(w.totals(sample), w.sums(sample), p);
      set_slopes(w, sample, s, side.inv_std, side.gamma, fixed);
      w.spread(sample);
    }
  });
  for (int i = 0; i < count; i++)
    write_parameters(sides[i].dgamma, sides[i].dbeta, tasks[i].w, s, sides[i].inv_std, tasks[i].w.sums(0));
  write_gradients(sides, tasks, count, fixed);
}

// The numbers that do not depend on sums.
void set_numbers(const NormWorkspace& w, const NormSide& side, const NormShape& s) {
  int64_t size = s.c / s.groups;
  for (int64_t sample = 0; sample < s.n; sample++) {
    for (int64_t j = 0; j < s.c; j++) {
      int64_t group = sample * s.groups + j / size;
      w.numbers(sample, 0)[j] = side.mean[group];
      w.numbers(sample, 1)[j] = (float)((side.gamma ? side.gamma[j] : 1.0) * (double)side.inv_std[group]);
      w.numbers(sample, 4)[j] = side.shift ? side.shift[sample * s.c + j] : 0;
      w.numbers(sample, 5)[j] = 0;
    }
    w.spread(sample);
  }
}

template <Mask kMask>
void backward(const NormSide* sides, int count, const float* dy, const NormShape& s, bool fixed, fastcnn_activation f,
              char* workspace) {
  vec ceiling = splat(f == FASTCNN_RELU6 ? 6 : __builtin_nanf(""));
  RowPlan p = plan_rows(s);
  auto task = [&](int i) -> Task<kMask> {
    return {{dy, sides[i].x, sides[i].y, ceiling}, {p, workspace + (size_t)i * NormWorkspace::bytes(p)}};
  };
  Task<kMask> tasks[kSides] = {task(0), task(count - 1)};
  for (int i = 0; i < count; i++) set_numbers(tasks[i].w, sides[i], s);
  run_tasks(sides, tasks, count, s, fixed);
}

}  // namespace

void norm_backward(const NormSide* sides, int count, const float* dy, const NormShape& s, bool fixed,
                   fastcnn_activation f, char* workspace) {
  if (f == FASTCNN_LINEAR)
    backward<Mask::none>(sides, count, dy, s, fixed, f, workspace);
  else if (sides->y)
    backward<Mask::y>(sides, count, dy, s, fixed, f, workspace);
  else
    backward<Mask::x>(sides, count, dy, s, fixed, f, workspace);
}

}  // namespace ISA
}  // namespace fastcnn
