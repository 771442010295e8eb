// y = e^(x - max) / sum over c of e^(x - max); the logarithm is (x - max) - log(sum). Arrays are (outer, c, inner).
//
// inner = 1: a row is contiguous and stays in cache for its three passes (max, exponentials and their sum, scale).
// Otherwise vectors run along inner: tiles of columns (softmax_columns.h) take the same passes down the c axis.
#include "softmax.h"

#include "row_sums.h"
#include "runtime/parallel.h"
#include "softmax_columns.h"
#include "softmax_rows.h"
#include "stream.h"
#include "vmath.h"

namespace fastcnn {
namespace ISA {
namespace {

vec add(vec a, vec b) { return a + b; }
vec max_of(vec a, vec b) { return max(a, b); }
__attribute__((noinline)) vec rows_sum(vec (&row)[kLanes]) { return rows_join(row, add); }

constexpr int kGroup = kLanes > 4 ? 4 * kLanes : kWide;  // floats whose exponentials are computed side by side
constexpr int64_t kRow = 4096;  // floats of a row that wait on the stack to be written past the caches

// Writes rows that follow one another, past the caches if `past`. Only whole lines go there; one that two rows share is
// put together first, for a store to part of it would wait until all of it has been read.
class Lines {
 public:
  Lines(const float* y, bool past) : past_(past), lead_(past ? -(uintptr_t)y / sizeof(float) % kWide : 0) {}
  // Of the c floats of a row, those that `part` has to write before the rest begins with a line.
  int64_t first(int64_t c) const {
    int64_t n = lead_ ? lead_ : held_ ? kWide - held_ : 0;
    return n < c ? n : c;
  }
  // n < 16 floats, part of a line: a row's first or last.
  __attribute__((noinline)) void part(float* y, int64_t n, Wide values) {
    bool direct = !past_ || lead_;
    wide_store_first(direct ? y : line_ + held_, values, (int)n);
    direct ? lead_ -= lead_ ? n : 0 : held_ += n;
    if (held_ < kWide) return;
    for (int i = 0; i < kWide; i += kLanes) stream(y + n - kWide + i, load(line_ + i));
    held_ = 0;
  }
  // y[i] = f(in[i], ...) for a row.
  template <class F, class... In>
  void row(float* y, int64_t c, F f, const In*... in) {
    int64_t i = 0;
    for (int64_t n = first(c);; n = c - i) {
      if (n) part(y + i, n, wide_map(wide_load_first(in + i, (int)n)..., f));
      if ((i += n) == c) return;
      for (; i + kGroup <= c; i += kGroup) {
        vec v[kGroup / kLanes];
#pragma GCC unroll 4
        for (int k = 0; k < kGroup / kLanes; k++) v[k] = f(load(in + i + k * kLanes)...);
#pragma GCC unroll 4
        for (int k = 0; k < kGroup / kLanes; k++) put(y + i + k * kLanes, v[k], past_);
      }
      for (; kGroup > kWide && i + kWide <= c; i += kWide)
        for (int k = 0; k < kWide; k += kLanes) put(y + i + k, f(load(in + i + k)...), past_);
    }
  }
  void end(float* y) {  // of all rows
    for (int64_t i = 0; i < held_; i++) y[i - held_] = line_[i];
  }

 private:
  bool past_;
  int64_t lead_, held_ = 0;
  alignas(64) float line_[kWide];
};

// Joins short rows, then writes them: a vector may run over a row's end into the next one, which comes later.
class Rows {
 public:
  Rows(float* y, int64_t c, bool past) : y_(y), c_(c), past_(past) {}
  ~Rows() {
    Lines lines(y_, past_);
    lines.row(
        y_, at_, [](vec a) { return a; }, joined_);
    lines.end(y_ + at_);
  }
  template <class F, class... In>
  void write(F f, const In*... in) {
    int64_t i = 0;
    for (; i + kLanes <= c_; i += kLanes) store(joined_ + at_ + i, f(load(in + i)...));
    if (i < c_) store(joined_ + at_ + i, f(load_first(in + i, (int)(c_ - i))...));
    at_ += c_;
  }

 private:
  float* y_;
  int64_t c_, at_ = 0;
  bool past_;
  alignas(64) float joined_[kLanes * kBeside + kLanes];
};

// The last pass of a row, y = factor (from - less) - shift, a group at a time: while the next row's exponentials are
// computed, for stores past the caches wait for memory.
struct LastPass {
  Lines lines;
  bool past;
  float* y = nullptr;
  const float* from = nullptr;
  vec less{}, factor{}, minus_shift{};
  int64_t i = 0, c = 0;

  vec result(vec a) const { return fma(a - less, factor, minus_shift); }
  void start() {
    i = lines.first(c);
    if (i) lines.part(y, i, wide_map(wide_load_first(from, (int)i), [this](vec a) { return result(a); }));
  }
  void step() {
    if (i + kGroup > c) return;
    vec v[kGroup / kLanes];
#pragma GCC unroll 4
    for (int k = 0; k < kGroup / kLanes; k++) v[k] = result(load(from + i + k * kLanes));
#pragma GCC unroll 4
    for (int k = 0; k < kGroup / kLanes; k++) put(y + i + k * kLanes, v[k], past);
    i += kGroup;
  }
  __attribute__((noinline)) void finish() {
    lines.row(
        y + i, c - i, [this](vec a) { return result(a); }, from + i);
  }
};

// Rows, one pass after the other, of three rows at once: a row's exponentials and their sum, the next row's maximum,
// the previous row's results.
void softmax_each(float* y, const float* x, int64_t rows, int64_t c, bool log_of, bool past) {
  alignas(64) float waiting[2][kRow + 512];
  if (c > kRow && !log_of) past = false;  // they wait where the results will be
  LastPass last{Lines(y, past), past};
  float top = row_max(x, c);
  const int64_t kept = log_of ? kGroup - 1 : -1;  // a logarithm has no use for the exponentials
  for (int64_t r = 0; r < rows; r++, x += c, y += c) {
    const float* next = r + 1 < rows ? x + c : x;
    float* e = c <= kRow || log_of ? waiting[r % 2] : y;
    Wide largest = wide_splat(-kInfinity);
    double sum = 0;
    for (int64_t begin = 0; begin < c; begin += kSumLeaf) {
      int64_t i = begin, end = c - begin < kSumLeaf ? c : begin + kSumLeaf;
      Wide part = wide_splat(0);
      for (; i + kGroup <= end; i += kGroup) {
        for (int k = 0; k < kGroup; k += 16) __builtin_prefetch(next + i + k + kAhead);
        Wide terms[kGroup / kWide];
#pragma GCC unroll 4
        for (int k = 0; k < kGroup / kWide; k++)
          terms[k] = wide_map(wide_load(x + i + k * kWide), [&](vec a) { return exp_below(a - splat(top)); });
#pragma GCC unroll 4
        for (int k = 0; k < kGroup / kWide; k++) {
          wide_store(e + (i & kept) + k * kWide, terms[k]);
          part = wide_add(part, terms[k]);
          largest = wide_map(wide_load(next + i + k * kWide), largest, max_of);
        }
        last.step();
      }
      for (; i < end; i += kWide) {
        int n = end - i < kWide ? (int)(end - i) : kWide;
        Wide terms = wide_exp(x + i, n, top, [](vec a) { return exp_below(a); });
        wide_store_first(e + (i & kept), terms, n);
        part = wide_add(part, terms);
        largest = wide_map(wide_load_or(next + i, n, -kInfinity), largest, max_of);
      }
      sum += wide_total(part);
    }
    last.finish();
    last.y = y, last.c = c;
    last.from = log_of ? x : e;
    last.less = splat(log_of ? top : 0), last.factor = splat(log_of ? 1 : (float)(1 / sum));
    last.minus_shift = log_of ? -log(splat((float)sum)) : splat(-0.0f);
    last.start();
    top = wide_largest(largest);
  }
  last.finish();
  last.lines.end(y);
}

}  // namespace

void softmax_rows(float* y, const float* x, int64_t rows, int64_t c, const float* weights, bool log_of, bool past,
                  SoftmaxRows& of) {
  if (kLanes == 4) return;
  alignas(64) float waiting[kLanes * kBeside];
  int64_t pitch = (c + kWide - 1) / kWide * kWide, ahead = rows * c;
  vec wide[kLanes] = {};
  for (int64_t r = 0; r < rows; r++) wide[r] = wide_join(row_largest(x + r * c, c), max_of);
  store(of.largest, rows_join(wide, max_of));
  for (int64_t r = 0; r < rows; r++) {
    const float* from = x + r * c;
    float* e = waiting + r * pitch;
    Wide sum = leaf_sum(0, c, [&](int64_t i, int n) {
      __builtin_prefetch(from + i + ahead);
      Wide terms = wide_exp(from + i, n, of.largest[r], [](vec a) { return exp(a); });
      wide_store_first(e + i, terms, kWide);
      return terms;
    });
    wide[r] = wide_join(sum, add);
  }
  vec sum = rows_sum(wide);
  store(of.scale, splat(1) / sum);  // what it would be in double, rounded
  store(of.log_sum, log(sum));
  if (!y) return;
  Rows to(y, c, past);
  for (int64_t r = 0; r < rows; r++) {
    vec top = splat(of.largest[r]), low = splat(of.log_sum[r]), factor = splat(of.scale[r]);
    vec w = splat(weights ? weights[r] : 1);
    if (log_of)
      to.write([=](vec a) { return (a - top) - low; }, x + r * c);
    else
      to.write([=](vec a) { return a * factor * w; }, waiting + r * pitch);
  }
}

namespace {

// dx = y (dy - sum(dy y)), or dx = dy - e^y sum(dy) for the logarithm.
void backward_each(float* dx, const float* dy, const float* y, int64_t rows, int64_t c, bool log_of, bool past) {
  Lines lines(dx, past);
  for (int64_t r = 0; r < rows; r++, dx += c, dy += c, y += c) {
    vec sum = splat((float)row_sum(c, [&](int64_t i, int n) {
      __builtin_prefetch(dy + i + kAhead);
      __builtin_prefetch(y + i + kAhead);
      Wide g = wide_load_first(dy + i, n);
      return log_of ? g : wide_map(g, wide_load_first(y + i, n), [](vec a, vec b) { return a * b; });
    }));
    lines.row(
        dx, c, [=](vec g, vec a) { return log_of ? fma(-value(exp_parts(a)), sum, g) : a * (g - sum); }, dy, y);
  }
  lines.end(dx);
}

void backward_rows(float* dx, const float* dy, const float* y, int64_t rows, int64_t c, bool log_of, bool past) {
  float sums[kLanes];
  vec wide[kLanes] = {};
  for (int64_t r = 0; r < rows; r++) {
    const float *from = dy + r * c, *of = y + r * c;
    Wide sum = leaf_sum(0, c, [&](int64_t i, int n) {
      __builtin_prefetch(from + i + kAhead);
      __builtin_prefetch(of + i + kAhead);
      Wide g = wide_load_first(from + i, n);
      return log_of ? g : wide_map(g, wide_load_first(of + i, n), [](vec a, vec b) { return a * b; });
    });
    wide[r] = wide_join(sum, add);
  }
  store(sums, rows_sum(wide) + zero());
  Rows to(dx, c, past);
  for (int64_t r = 0; r < rows; r++) {
    vec sum = splat(sums[r]);
    const float *g = dy + r * c, *a = y + r * c;
    if (log_of)
      to.write([=](vec g, vec a) { return fma(-value(exp_parts(a)), sum, g); }, g, a);
    else
      to.write([=](vec g, vec a) { return a * (g - sum); }, g, a);
  }
}

// rows(offset, how many) for `block` rows after the other, or tile(offset, columns).
template <class Row, class Tile>
void each(int64_t outer, int64_t c, int64_t inner, int64_t block, Row rows, Tile tile) {
  int64_t work = outer * inner * ((c + 15) / 16) * 8;
  if (inner == 1) {
    int64_t grain = c < 1024 ? 1024 / c : 1;
    parallel_ranges(outer, block < outer ? (grain + 15) / 16 * 16 : grain, work, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o += block) rows(o * c, end - o < block ? end - o : block);
      stream_fence();
    });
    return;
  }
  int64_t width = kTile / c / kFewColumns * kFewColumns;
  width = width < kFewColumns ? kFewColumns : width > kColumns ? kColumns : width;
  int64_t tiles = (inner + width - 1) / width, floats = c * (inner < width ? inner : width);
  parallel_ranges(outer * tiles, kTile / 8 / floats + 1, work, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      int64_t o = task / tiles, i = task % tiles * width;
      tile(o * c * inner + i, inner - i < width ? inner - i : width);
    }
  });
}

void forward(float* y, const float* x, int64_t outer, int64_t c, int64_t inner, bool log_of) {
  bool past = y != x && outer * c * 4 >= kStreamFrom, beside = side_by_side(c);
  each(
      outer, c, inner, beside ? kLanes : outer,
      [&](int64_t at, int64_t n) {
        SoftmaxRows of;
        beside ? softmax_rows(y + at, x + at, n, c, nullptr, log_of, past, of)
               : softmax_each(y + at, x + at, n, c, log_of, past);
      },
      [&](int64_t at, int64_t n) { softmax_columns(y + at, x + at, c, inner, n, log_of); });
}

void backward(float* dx, const float* dy, const float* y, int64_t outer, int64_t c, int64_t inner, bool log_of) {
  bool past = dx != dy && dx != y && outer * c * 4 >= kStreamFrom, beside = side_by_side(4 * c);
  each(
      outer, c, inner, beside ? kLanes : outer,
      [&](int64_t at, int64_t n) {
        beside ? backward_rows(dx + at, dy + at, y + at, n, c, log_of, past)
               : backward_each(dx + at, dy + at, y + at, n, c, log_of, past);
      },
      [&](int64_t at, int64_t n) { softmax_columns_backward(dx + at, dy + at, y + at, c, inner, n, log_of); });
}

}  // namespace

extern const SoftmaxKernels softmax_kernels;
const SoftmaxKernels softmax_kernels = {forward, backward};

}  // namespace ISA
}  // namespace fastcnn
