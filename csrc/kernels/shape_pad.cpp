// y[j] = x[source(j)] along every padded axis; what lies behind the last of them is copied as one run. A task is some
// rows of y (the last padded axis): the middle of a row is one long copy, its ends are copied run by run. The adjoint
// goes axis by axis and adds each border run to the element it came from, in the order of y.
#include "shape_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

// Where element j of the padded axis comes from; -1: from the constant.
int64_t source(int64_t j, int64_t before, int64_t n, fastcnn_pad_mode mode) {
  int64_t i = j - before;
  if (i >= 0 && i < n) return i;
  if (mode == FASTCNN_PAD_CONSTANT) return -1;
  if (mode == FASTCNN_PAD_EDGE) return i < 0 ? 0 : n - 1;
  if (n == 1) return 0;
  int64_t period = mode == FASTCNN_PAD_WRAP ? n : mode == FASTCNN_PAD_SYMMETRIC ? 2 * n : 2 * n - 2;
  i %= period;
  if (i < 0) i += period;
  if (i < n) return i;
  return mode == FASTCNN_PAD_SYMMETRIC ? period - 1 - i : period - i;
}

// A Writer of short runs, not past the caches.
struct Direct {
  float* y;
  __attribute__((noinline)) void copy(const float* x, int64_t n) { copy_run(y, x, n), y += n; }
  __attribute__((noinline)) void fill(float value, int64_t n) {
    if (n > 3)
      fill_run(y, value, n);
    else
      for (int64_t i = 0; i < n; i++) y[i] = value;
    y += n;
  }
};

template <class To>
void pad_row(To& y, const float* x, int64_t n, int64_t before, int64_t after, int64_t run, fastcnn_pad_mode mode,
             float value) {
  if (mode == FASTCNN_PAD_CONSTANT) {
    y.fill(value, before * run);
    y.copy(x, n * run);
    return y.fill(value, after * run);
  }
  for (int64_t j = 0; j < before; j++) y.copy(x + source(j, before, n, mode) * run, run);
  y.copy(x, n * run);
  for (int64_t j = before + n; j < before + n + after; j++) y.copy(x + source(j, before, n, mode) * run, run);
}

}  // namespace

void pad(float* y, const float* x, const PadNest& nest, fastcnn_pad_mode mode, float value) {
  int last = nest.rank - 1;
  int64_t n = nest.dim[last], before = nest.before[last], after = nest.after[last];
  int64_t row_y = (before + n + after) * nest.run, row_x = n * nest.run, rows = 1;
  for (int axis = 0; axis < last; axis++) rows *= nest.before[axis] + nest.dim[axis] + nest.after[axis];
  bool past = streams(y, rows * row_y);
  int64_t grain = row_y < kTask ? (kTask / row_y + 15) / 16 * 16 : past ? 16 : 1;  // whole lines of y
  auto pad_rows = [&](auto& to, int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      int64_t left = row, from = 0, step = row_x;
      bool constant = false;
      for (int axis = last - 1; axis >= 0; axis--) {
        int64_t out = nest.before[axis] + nest.dim[axis] + nest.after[axis];
        int64_t i = source(left % out, nest.before[axis], nest.dim[axis], mode);
        constant |= i < 0;
        left /= out;
        from += i * step;
        step *= nest.dim[axis];
      }
      if (constant)
        to.fill(value, row_y);
      else
        pad_row(to, x + from, n, before, after, nest.run, mode, value);
    }
  };
  parallel_ranges(rows, grain, rows * row_y / 16, [&](int64_t begin, int64_t end) {
    if (past) {
      Writer writer(y + begin * row_y, past);
      pad_rows(writer, begin, end);
    } else {
      Direct direct{y + begin * row_y};
      pad_rows(direct, begin, end);
    }
  });
}

// Not for constants: cells that hold none of x have no gradient, and what is left is a slice.
void fold_axis(float* dx, const float* dy, int64_t outer, int64_t n, int64_t before, int64_t after, int64_t run,
               fastcnn_pad_mode mode) {
  int64_t padded = before + n + after, piece = run < 4096 ? run : 4096, pieces = (run + piece - 1) / piece;
  int64_t floats = n * piece + 1;
  parallel_ranges(outer * pieces, floats < kTask ? kTask / floats : 1, outer * padded * run / 16,
                  [&](int64_t begin, int64_t end) {
                    for (int64_t task = begin; task < end; task++) {
                      int64_t start = task % pieces * piece, wide = run - start < piece ? run - start : piece;
                      float* to = dx + task / pieces * n * run + start;
                      const float* from = dy + task / pieces * padded * run + start;
                      if (wide == run)
                        copy_run(to, from + before * run, n * run);
                      else
                        for (int64_t i = 0; i < n; i++) copy_run(to + i * run, from + (before + i) * run, wide);
                      for (int64_t j = 0; j < padded; j++) {
                        if (j == before) j += n;
                        if (j == padded) break;
                        float* sum = to + source(j, before, n, mode) * run;
                        const float* term = from + j * run;
                        int64_t i = 0;
                        for (; i + kLanes <= wide; i += kLanes) store(sum + i, load(sum + i) + load(term + i));
                        int rest = (int)(wide - i);
                        if (rest > 0)
                          store_first(sum + i, load_first(sum + i, rest) + load_first(term + i, rest), rest);
                      }
                    }
                  });
}

}  // namespace ISA
}  // namespace fastcnn
