// y (outer, inner) = fold of x (outer, r, inner) over r. Memory is read in order and once: up to kWidth neighbouring
// columns have accumulators of their own, so no sum crosses lanes and every ISA adds in the same order. Narrow arrays
// (inner small, or 1: a row of numbers) are read as rows of several groups, folded together at the end. A leaf is
// kLeaf rows in float; leaves, chunks of leaves and groups are added in double, in order. Chunks depend on the shape.
#include "reduce.h"

#include "reduce_parts.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kWidth = 256, kLeaf = 8, kChunk = 65536;  // columns; rows; floats that one task reads
constexpr int64_t kNarrow = 128;                            // inner up to here is read in groups
constexpr int64_t kGroups = 64;                             // columns at least, when it is

struct Sum {
  static constexpr int kParts = 1;
  static constexpr float kIdentity = 0;
  static void step(vec* sum, vec x, vec) { sum[0] += x; }
  static double merge(double a, double b) { return a + b; }
};
struct Squares : Sum {
  static void step(vec* sum, vec x, vec) { sum[0] = fma(x, x, sum[0]); }
};
struct Moments : Sum {  // about the center: their first corrects the second for the center's rounding
  static constexpr int kParts = 2;
  static void step(vec* sum, vec x, vec center) {
    vec d = x - center;
    sum[0] += d;
    sum[1] = fma(d, d, sum[1]);
  }
};
struct Nonzero : Sum {
  static void step(vec* sum, vec x, vec) { sum[0] += select(x != zero(), splat(1), zero()); }
};
struct Nonfinite : Sum {
  static void step(vec* sum, vec x, vec) { sum[0] += select(x - x != zero(), splat(1), zero()); }
};
struct Product {
  static constexpr int kParts = 1;
  static constexpr float kIdentity = 1;
  static void step(vec* p, vec x, vec) { p[0] *= x; }
  static double merge(double a, double b) { return a * b; }
};
struct Max {
  static constexpr int kParts = 1;
  static constexpr float kIdentity = -__builtin_inff();
  static void step(vec* m, vec x, vec) { m[0] = select(m[0] != m[0], m[0], max(m[0], x)); }
  static double merge(double a, double b) { return a > b || a != a ? a : b; }
};
struct Min {
  static constexpr int kParts = 1;
  static constexpr float kIdentity = __builtin_inff();
  static void step(vec* m, vec x, vec) { m[0] = select(m[0] != m[0], m[0], min(m[0], x)); }
  static double merge(double a, double b) { return a < b || a != a ? a : b; }
};

// How one (r, inner) plane is cut: into column blocks where it is wide, into groups of rows where it is narrow.
struct Plan {
  int64_t groups, width, columns;  // rows read as one; columns of a block; blocks
  int64_t rows, chunks;            // rows of x a chunk folds; chunks
};
Plan plan_of(const ReduceShape& s) {
  Plan p;
  p.groups = s.inner > kNarrow || s.inner == 0 ? 1 : (kGroups + s.inner - 1) / s.inner;
  if (p.groups > s.r) p.groups = s.r > 0 ? s.r : 1;
  p.width = p.groups > 1 || s.inner < kWidth ? s.inner : kWidth;
  p.columns = p.width ? (s.inner + p.width - 1) / p.width : 0;
  int64_t leaf = kLeaf * p.groups, wide = s.inner > 0 ? s.inner : 1;
  p.rows = (kChunk / wide + leaf - 1) / leaf * leaf;
  if (p.rows < leaf) p.rows = leaf;
  p.chunks = s.r > 0 ? (s.r + p.rows - 1) / p.rows : 1;
  return p;
}

// Rows [0, rows) of `width` columns, `stride` apart, folded into sum[part][column].
template <class Op>
void fold_leaf(float (*sum)[kWidth], const float* x, const float* center, int64_t rows, int64_t stride, int64_t width) {
  for (int64_t row = 0; row < rows; row++, x += stride)
    for (int64_t i = 0; i < width; i += kLanes) {
      int n = width - i < kLanes ? (int)(width - i) : kLanes;
      vec s[Op::kParts];
      __builtin_prefetch(x + i + kAhead);
      for (int part = 0; part < Op::kParts; part++) s[part] = load(sum[part] + i);
      Op::step(s, n == kLanes ? load(x + i) : load_first(x + i, n), load(center + i));
      for (int part = 0; part < Op::kParts; part++)
        n == kLanes ? store(sum[part] + i, s[part]) : store_first(sum[part] + i, s[part], n);
    }
}

// One chunk of one column block: result[part][column] in double. center: null, or the block's.
template <class Op>
void fold_chunk(double (*result)[kWidth], const float* x, const float* center, int64_t rows, int64_t inner,
                int64_t width, int64_t groups) {
  int64_t wide = groups * width, full = rows / groups, rest = rows % groups * width;
  float sum[Op::kParts][kWidth], around[kWidth];
  double total[Op::kParts][kWidth];
  int64_t lanes = (wide + kWide - 1) / kWide * kWide;
  for (int64_t i = 0; i < lanes; i++) around[i] = 0;
  for (int64_t group = 0; group < groups && center; group++)
    for (int64_t i = 0; i < width; i++) around[group * width + i] = center[i];
  for (int part = 0; part < Op::kParts; part++)
    for (int64_t i = 0; i < wide; i++) total[part][i] = Op::kIdentity;
  int64_t stride = groups > 1 ? wide : inner;
  for (int64_t row = 0; row < full || (row == full && rest > 0); row += kLeaf) {
    for (int part = 0; part < Op::kParts; part++)
      for (int64_t i = 0; i < lanes; i++) sum[part][i] = Op::kIdentity;
    int64_t leaf = full - row < kLeaf ? full - row : kLeaf;
    fold_leaf<Op>(sum, x + row * stride, around, leaf, stride, wide);
    if (rest > 0 && row + kLeaf > full) {
      fold_leaf<Op>(sum, x + full * stride, around, 1, stride, rest);
      rest = 0;
    }
    for (int part = 0; part < Op::kParts; part++)
      for (int64_t i = 0; i < wide; i++) total[part][i] = Op::merge(total[part][i], (double)sum[part][i]);
  }
  for (int part = 0; part < Op::kParts; part++) {
    double* t = total[part];
    for (int64_t left = groups; left > 1;) {  // halving: the groups' sums side by side, not one after the other
      int64_t half = (left + 1) / 2;
      for (int64_t i = 0; i < (left - half) * width; i++) t[i] = Op::merge(t[i], t[i + half * width]);
      left = half;
    }
    for (int64_t i = 0; i < width; i++) result[part][i] = t[i];
  }
}

double finished(double first, double second, int64_t r, Finish finish) {
  double n = (double)r;
  switch (finish) {
    case Finish::mean:
      return first / n;
    case Finish::root:
      return __builtin_sqrt(first);
    case Finish::variance:
    case Finish::deviation: {
      double variance = (second - first * first / n) / n;
      if (variance < 0) variance = 0;
      return finish == Finish::variance ? variance : __builtin_sqrt(variance);
    }
    default:
      return first;
  }
}

void put(void* y, int64_t at, double first, double second, int64_t r, Finish finish) {
  double value = finished(first, second, r, finish);
  if (finish == Finish::count)
    ((int64_t*)y)[at] = (int64_t)value;
  else
    ((float*)y)[at] = (float)value;
}

template <class Op>
void run(void* y, const float* x, const float* center, char* scratch, const ReduceShape& s, Finish finish) {
  Plan p = plan_of(s);
  constexpr int kParts = Op::kParts;
  double* partial = (double*)scratch;  // (chunks, parts, outer, inner), unless there is one chunk
  int64_t outputs = s.outer * s.inner, tasks = s.outer * p.columns * p.chunks;
  int64_t work = outputs * s.r / 16 + outputs;
  int64_t floats = (s.r < p.rows ? s.r : p.rows) * p.width + 1, grain = floats < 8192 ? 8192 / floats : 1;
  parallel_ranges(tasks, grain, work, [&](int64_t begin, int64_t end) {
    double result[kParts][kWidth];
    for (int64_t task = begin; task < end; task++) {
      int64_t block = task % p.columns, chunk = task / p.columns % p.chunks, o = task / p.columns / p.chunks;
      int64_t column = block * p.width, width = s.inner - column < p.width ? s.inner - column : p.width;
      int64_t row = chunk * p.rows, rows = s.r - row < p.rows ? s.r - row : p.rows, at = o * s.inner + column;
      fold_chunk<Op>(result, x + (o * s.r + row) * s.inner + column, center ? center + at : nullptr, rows, s.inner,
                     width, p.groups);
      for (int64_t i = 0; i < width; i++)
        if (p.chunks == 1)
          put(y, at + i, result[0][i], result[kParts - 1][i], s.r, finish);
        else
          for (int part = 0; part < kParts; part++)
            partial[(chunk * kParts + part) * outputs + at + i] = result[part][i];
    }
  });
  if (p.chunks == 1) return;
  parallel_ranges(outputs, 64, outputs * p.chunks / 8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      double total[kParts];
      for (int part = 0; part < kParts; part++) {
        total[part] = Op::kIdentity;
        for (int64_t chunk = 0; chunk < p.chunks; chunk++)
          total[part] = Op::merge(total[part], partial[(chunk * kParts + part) * outputs + i]);
      }
      put(y, i, total[0], total[kParts - 1], s.r, finish);
    }
  });
}

size_t scratch(const ReduceShape& s, Fold fold) {
  int64_t chunks = plan_of(s).chunks;
  return chunks == 1 ? 0 : (size_t)(chunks * s.outer * s.inner * (fold == Fold::moments ? 2 : 1)) * sizeof(double);
}

void reduce(void* y, const float* x, const float* center, char* scratch, const ReduceShape& shape, Fold fold,
            Finish finish) {
  switch (fold) {
    case Fold::sum:
      return run<Sum>(y, x, center, scratch, shape, finish);
    case Fold::product:
      return run<Product>(y, x, center, scratch, shape, finish);
    case Fold::max:
      return run<Max>(y, x, center, scratch, shape, finish);
    case Fold::min:
      return run<Min>(y, x, center, scratch, shape, finish);
    case Fold::squares:
      return run<Squares>(y, x, center, scratch, shape, finish);
    case Fold::moments:
      return run<Moments>(y, x, center, scratch, shape, finish);
    case Fold::nonzero:
      return run<Nonzero>(y, x, center, scratch, shape, finish);
    case Fold::nonfinite:
      return run<Nonfinite>(y, x, center, scratch, shape, finish);
  }
}

}  // namespace

extern const ReduceKernels reduce_kernels;
const ReduceKernels reduce_kernels = {scratch, reduce, arg};

}  // namespace ISA
}  // namespace fastcnn
