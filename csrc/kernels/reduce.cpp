// y (outer, inner) = fold of x (outer, r, inner) over r. Memory is read in order and once: up to kWidth neighbouring
// columns have accumulators of their own, so no sum crosses lanes and every ISA adds in the same order. Narrow arrays
// (inner small, or 1: a row of numbers) are read as rows of several groups, folded together at the end. A leaf is
// kLeaf rows in float; leaves, chunks of leaves and groups are added in double, in order. Chunks depend on the shape.
// Short rows of numbers are turned, a block of them at a time: they are columns then.
#include "reduce.h"

#include "lanes.h"
#include "reduce_parts.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "turn.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kWidth = 256, kLeaf = 8, kChunk = 65536;  // columns; rows; floats that one task reads
constexpr int64_t kNarrow = 128;                            // inner up to here is read in groups
constexpr int64_t kGroups = 64;                             // columns at least, when it is
constexpr int64_t kDirect = 2 * kGroups;                    // longer rows are folded to kGroups before they are turned
constexpr int64_t kMost = kGroups * 32;                     // totals that are merged at a time
constexpr int kMostParts = 2;

struct Sum {
  using Merge = Sum;  // whose merge it is: it is compiled once for all of them
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
  using Merge = Product;
  static constexpr int kParts = 1;
  static constexpr float kIdentity = 1;
  static void step(vec* p, vec x, vec) { p[0] *= x; }
  static double merge(double a, double b) { return a * b; }
};
struct Max {
  using Merge = Max;
  static constexpr int kParts = 1;
  static constexpr float kIdentity = -__builtin_inff();
  static void step(vec* m, vec x, vec) { m[0] = select(m[0] != m[0], m[0], max(m[0], x)); }
  static double merge(double a, double b) { return a > b || a != a ? a : b; }
};
struct Min {
  using Merge = Min;
  static constexpr int kParts = 1;
  static constexpr float kIdentity = __builtin_inff();
  static void step(vec* m, vec x, vec) { m[0] = select(m[0] != m[0], m[0], min(m[0], x)); }
  static double merge(double a, double b) { return a < b || a != a ? a : b; }
};

// How one (r, inner) plane is cut: into column blocks where it is wide, into groups of rows where it is narrow.
struct Plan {
  int64_t groups, width, columns;  // rows read as one; columns of a block; blocks
  int64_t rows, chunks;            // rows of x a chunk folds; chunks
  int64_t turned;                  // rows of numbers that are turned at a time; 0: none
};
Plan plan_of(const ReduceShape& s) {
  Plan p;
  p.turned = s.inner == 1 && s.r > 0 && s.r <= kTurned ? rows_turned(s.r) : 0;
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

// A fold, as run calls it: all that is compiled for each of them.
struct Rule {
  // Rows of `width` columns, `stride` apart in x, folded into sum[part][column]; parts are kMost apart.
  typedef void (*Rows)(float* sum, const float* x, const float* center, int64_t rows, int64_t stride, int64_t width);
  int parts;
  float identity;
  Rows leaf;
  Rows columns, joined_columns;  // the same of up to kLeaf rows that lie in a cache, of whole vectors
  void (*merge_leaf)(double* total, const float* other, int64_t size);
  void (*merge)(double* total, const double* other, int64_t size);
  // Of what was folded before.
  Rule joined() const { return {1, identity, nullptr, joined_columns, nullptr, merge_leaf, merge}; }
};

template <class Op>
void fold_leaf(float* sum, const float* x, const float* center, int64_t rows, int64_t stride, int64_t width) {
  const int64_t ahead = stride > width ? kAhead / kWidth * stride : kAhead;  // of a block of columns, the rows to come
  for (int64_t row = 0; row < rows; row++, x += stride)
    for (int64_t i = 0; i < width; i += kLanes) {
      int n = width - i < kLanes ? (int)(width - i) : kLanes;
      vec s[Op::kParts];
      __builtin_prefetch(x + i + ahead);
      for (int part = 0; part < Op::kParts; part++) s[part] = load(sum + part * kMost + i);
      Op::step(s, load_some(x + i, n), load(center + i));
      for (int part = 0; part < Op::kParts; part++) store_some(sum + part * kMost + i, s[part], n);
    }
}
template <class Op>
void fold_columns(float* sum, const float* x, const float* center, int64_t rows, int64_t stride, int64_t width) {
  for (int64_t i = 0; i < width; i += kLanes) {
    vec s[Op::kParts], c = load(center + i);
    for (int part = 0; part < Op::kParts; part++) s[part] = load(sum + part * kMost + i);
    if (rows == kLeaf) {
#pragma GCC unroll 8
      for (int64_t row = 0; row < kLeaf; row++) Op::step(s, load(x + i + row * stride), c);
    } else {
      for (int64_t row = 0; row < rows; row++) Op::step(s, load(x + i + row * stride), c);
    }
    for (int part = 0; part < Op::kParts; part++) store(sum + part * kMost + i, s[part]);
  }
}
template <class Op, class Number>
void merge_all(double* __restrict total, const Number* __restrict other, int64_t size) {
  for (int64_t i = 0; i < size; i++) total[i] = Op::merge(total[i], (double)other[i]);
}
template <class Op>
Rule rule_of() {
  using Merge = typename Op::Merge;
  return {Op::kParts,          Op::kIdentity,           fold_leaf<Op>,           fold_columns<Op>,
          fold_columns<Merge>, merge_all<Merge, float>, merge_all<Merge, double>};
}

// One chunk of one column block, its leaves by one of the rule's ways: total[part][group][column]. center: null, or the
// block's.
void fold_chunk(const Rule& rule, Rule::Rows fold, double (*total)[kMost], const float* x, const float* center,
                int64_t rows, int64_t inner, int64_t width, int64_t groups) {
  int64_t wide = groups * width, full = rows / groups, rest = rows % groups * width;
  alignas(64) float sum[kMostParts][kMost], around[kWidth];
  int64_t lanes = (wide + kWide - 1) / kWide * kWide;
  for (int64_t i = 0; i < lanes; i++) around[i] = 0;
  for (int64_t group = 0; group < groups && center; group++)
    for (int64_t i = 0; i < width; i++) around[group * width + i] = center[i];
  for (int part = 0; part < rule.parts; part++)
    for (int64_t i = 0; i < wide; i++) total[part][i] = rule.identity;
  int64_t stride = groups > 1 ? wide : inner;
  for (int64_t row = 0; row < full || (row == full && rest > 0); row += kLeaf) {
    for (int part = 0; part < rule.parts; part++)
      for (int64_t i = 0; i < lanes; i++) sum[part][i] = rule.identity;
    int64_t leaf = full - row < kLeaf ? full - row : kLeaf;
    fold(sum[0], x + row * stride, around, leaf, stride, wide);
    if (rest > 0 && row + kLeaf > full) {
      rule.leaf(sum[0], x + full * stride, around, 1, stride, rest);
      rest = 0;
    }
    for (int part = 0; part < rule.parts; part++) rule.merge_leaf(total[part], sum[part], wide);
  }
}

// Rows of r numbers, kGroups < r, to rows of kGroups.
void fold_rows(const Rule& rule, float (*sum)[kMost], const float* x, const float* center, int64_t r, int64_t rows) {
  const int64_t full = r / kGroups, rest = r % kGroups;
  float around[kGroups] = {};
  for (int64_t row = 0; row < rows; row++, x += r) {
    float* to = sum[0] + row * kGroups;
    for (int64_t i = 0; i < kGroups; i += kLanes) {
      if (center) store(around + i, splat(center[row]));
      for (int part = 0; part < rule.parts; part++) store(to + part * kMost + i, splat(rule.identity));
    }
    rule.leaf(to, x, around, full, kGroups, kGroups);
    if (rest) rule.leaf(to, x + full * kGroups, around, 1, kGroups, rest);
  }
}

// total (groups, width) into its first row, halving: the groups' sums side by side, not one after the other.
void merge_groups(const Rule& rule, double (*total)[kMost], int64_t groups, int64_t width) {
  for (int part = 0; part < rule.parts; part++)
    for (int64_t left = groups, half; left > 1; left = half) {
      half = (left + 1) / 2;
      rule.merge(total[part], total[part] + half * width, (left - half) * width);
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

// From y[at] on.
void put(void* y, int64_t at, const double* first, const double* second, int64_t size, int64_t r, Finish finish) {
  for (int64_t i = 0; i < size; i++) {
    double value = finish == Finish::value ? first[i] : finished(first[i], second[i], r, finish);
    if (finish == Finish::count)
      ((int64_t*)y)[at + i] = (int64_t)value;
    else
      ((float*)y)[at + i] = (float)value;
  }
}

// Short rows of numbers, `block` of them at a time.
void run_turned(void* y, const float* x, const float* center, const ReduceShape& s, int64_t block, const Rule& rule,
                Finish finish) {
  const int64_t r = s.r > kDirect ? kGroups : s.r;
  const Channels channels(r, false);
  const Rule joined = rule.joined();
  parallel_ranges(s.outer, 8192 / s.r, s.outer * s.r / 16 + s.outer, [&](int64_t begin, int64_t end) {
    alignas(64) double total[kMostParts][kMost];
    alignas(64) float turned[kTurnedFloats], sum[kMostParts][kMost];
    for (int64_t o = begin; o < end; o += block) {
      int64_t count = end - o < block ? end - o : block;
      const float *from = x + o * s.r, *about = center ? center + o : nullptr;
      if (r == s.r) {
        turn(turned, block, from, count, r, channels);
        fold_chunk(rule, rule.columns, total, turned, about, r, block, count, 1);
      } else {
        fold_rows(rule, sum, from, about, s.r, count);
        for (int part = 0; part < rule.parts; part++) {
          turn(turned, block, sum[part], count, r, channels);
          fold_chunk(joined, joined.columns, total + part, turned, nullptr, r, block, count, 1);
        }
      }
      put(y, o, total[0], total[rule.parts - 1], count, s.r, finish);
    }
  });
}

void run(void* y, const float* x, const float* center, char* scratch, const ReduceShape& s, const Rule& rule,
         Finish finish) {
  Plan p = plan_of(s);
  double* partial = (double*)scratch;  // (chunks, parts, outer, inner), unless there is one chunk
  int64_t outputs = s.outer * s.inner, tasks = s.outer * p.columns * p.chunks;
  int64_t work = outputs * s.r / 16 + outputs;
  if (p.turned) return run_turned(y, x, center, s, p.turned, rule, finish);
  int64_t floats = (s.r < p.rows ? s.r : p.rows) * p.width + 1, grain = floats < 8192 ? 8192 / floats : 1;
  parallel_ranges(tasks, grain, work, [&](int64_t begin, int64_t end) {
    alignas(64) double total[kMostParts][kMost];
    for (int64_t task = begin; task < end; task++) {
      int64_t block = task % p.columns, chunk = task / p.columns % p.chunks, o = task / p.columns / p.chunks;
      int64_t column = block * p.width, width = s.inner - column < p.width ? s.inner - column : p.width;
      int64_t row = chunk * p.rows, rows = s.r - row < p.rows ? s.r - row : p.rows, at = o * s.inner + column;
      fold_chunk(rule, rule.leaf, total, x + (o * s.r + row) * s.inner + column, center ? center + at : nullptr, rows,
                 s.inner, width, p.groups);
      merge_groups(rule, total, p.groups, width);
      if (p.chunks == 1) put(y, at, total[0], total[rule.parts - 1], width, s.r, finish);
      for (int part = 0; part < rule.parts && p.chunks > 1; part++)
        memcpy(partial + (chunk * rule.parts + part) * outputs + at, total[part], (size_t)width * sizeof(double));
    }
  });
  if (p.chunks == 1) return;
  parallel_ranges(outputs, 64, outputs * p.chunks / 8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kWidth) {
      double total[kMostParts][kWidth];
      int64_t size = end - i < kWidth ? end - i : kWidth;
      for (int part = 0; part < rule.parts; part++) {
        memcpy(total[part], partial + part * outputs + i, (size_t)size * sizeof(double));
        for (int64_t chunk = 1; chunk < p.chunks; chunk++)
          rule.merge(total[part], partial + (chunk * rule.parts + part) * outputs + i, size);
      }
      put(y, i, total[0], total[rule.parts - 1], size, s.r, finish);
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
      return run(y, x, center, scratch, shape, rule_of<Sum>(), finish);
    case Fold::product:
      return run(y, x, center, scratch, shape, rule_of<Product>(), finish);
    case Fold::max:
      return run(y, x, center, scratch, shape, rule_of<Max>(), finish);
    case Fold::min:
      return run(y, x, center, scratch, shape, rule_of<Min>(), finish);
    case Fold::squares:
      return run(y, x, center, scratch, shape, rule_of<Squares>(), finish);
    case Fold::moments:
      return run(y, x, center, scratch, shape, rule_of<Moments>(), finish);
    case Fold::nonzero:
      return run(y, x, center, scratch, shape, rule_of<Nonzero>(), finish);
    case Fold::nonfinite:
      return run(y, x, center, scratch, shape, rule_of<Nonfinite>(), finish);
  }
}

}  // namespace

extern const ReduceKernels reduce_kernels;
const ReduceKernels reduce_kernels = {scratch, reduce, arg};

}  // namespace ISA
}  // namespace fastcnn
