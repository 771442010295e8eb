// Which source cells and which filter cells meet in a result's cell, along one axis.
//
// The convolution and its input gradient are the same gathering: a result cell is a sum over taps, each tap one source
// cell times one filter cell. Along an axis the taps form a progression: filter cells 0, 1, 2... for the convolution;
// for the gradient those with (cell + before - filter * dilation) divisible by the stride, the largest first, so that
// the source index always grows from tap to tap.
#pragma once
#include <stdint.h>

#include "sizes.h"

namespace fastcnn {
namespace ISA {

struct Line {
  int64_t base, step;           // tap s reads source cell base + s * step, which may lie outside
  int64_t taps;                 // may be none
  int64_t filter, filter_step;  // and filter cell filter + s * filter_step
  int64_t advance;              // what base grows by from one result cell of this line to its next
};

struct Axis {
  int64_t result, source, kernel, stride, dilation, before;
  bool backward;
  // Result cells this far apart share a line: their taps meet the same filter cells.
  int64_t lines() const { return backward ? stride : 1; }
};

struct Range {
  int64_t begin, end;
};

static inline int64_t round_up(int64_t a, int64_t b) { return a / b + (a % b != 0); }  // a >= 0

// A distance between cells, in floats. With a single cell there is none, and its product might overflow.
static inline int64_t spacing(int64_t cells, int64_t step, int64_t size) { return cells > 1 ? step * size : 0; }

// The line of result cell i.
static inline Line line_of(const Axis& a, int64_t i) {
  if (!a.backward) return {i * a.stride - a.before, a.dilation, a.kernel, 0, 1, a.stride};
  int64_t common = a.stride;
  for (int64_t rest = a.dilation; rest != 0;) {
    int64_t next = common % rest;
    common = rest, rest = next;
  }
  int64_t period = a.stride / common, last = least(period, a.kernel), first = 0;
  while (first < last && (i + a.before - first * a.dilation) % a.stride != 0) first++;
  if (first == last) return {0, 1, 0, 0, 0, 1};
  int64_t taps = (a.kernel - 1 - first) / period + 1;
  int64_t largest = first + (taps - 1) * period;
  return {(i + a.before - largest * a.dilation) / a.stride, a.dilation / common, taps, largest, -period, 1};
}

// The taps whose source cell exists, for a base.
static inline Range clip(const Line& line, int64_t base, int64_t source) {
  int64_t begin = base >= 0 ? 0 : round_up(-base, line.step);
  int64_t end = base >= source ? 0 : least(line.taps, (source - 1 - base) / line.step + 1);
  return {begin, most(begin, end)};
}

// Of the line's first `cells` result cells, those all of whose taps have a source cell.
static inline Range interior(const Line& line, int64_t cells, int64_t source) {
  if (line.taps == 0) return {0, cells};
  int64_t last = line.base + (line.taps - 1) * line.step;
  int64_t begin = line.base >= 0 ? 0 : round_up(-line.base, line.advance);
  int64_t end = last >= source ? 0 : least(cells, (source - 1 - last) / line.advance + 1);
  begin = least(begin, cells);
  return {begin, most(begin, end)};
}

}  // namespace ISA
}  // namespace fastcnn
