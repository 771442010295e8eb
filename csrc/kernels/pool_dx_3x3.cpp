// dx of max pooling with 3 x 3 windows, two cells from each other: the first pooling of most residual networks. A cell
// lies in one window or in two of either axis, so two neighbours in a row share theirs: each is read once for both.
#include "pool_dx_3x3.h"

namespace fastcnn {
namespace ISA {
namespace {

// The windows of one axis that meet a cell, in their order: those with an odd distance to the first window's start
// lie in the middle of one, the others at the end of one and at the beginning of the next.
struct Meeting {
  int count = 0;
  int64_t window[2];
  int32_t tap[2];
  Meeting(const PoolAxis& a, int64_t cell) {
    int64_t at = cell + a.before, last = at / 2;
    if (at % 2) {
      meet(a, last, 1);
    } else {
      meet(a, last - 1, 2);
      meet(a, last, 0);
    }
  }
  void meet(const PoolAxis& a, int64_t o, int32_t t) {
    if (o >= 0 && o < a.out) window[count] = o, tap[count++] = t;
  }
};

// A row of cells, and what of dy and of the indices its windows have.
struct Row {
  float* dx;
  const float* dy[2];
  const uint8_t* indices[2];
  int32_t tap[2];  // of the first column
  int64_t c;
};

// Cells `middle` and middle + 1: of windows p and p + 1, which lie within the row where the flags say so, as the cells.
template <int R>
inline __attribute__((always_inline)) void pair(const Row& row, int64_t p, int64_t middle, bool here, bool next,
                                                bool first, bool second, int64_t ch, AllLanes lanes) {
  vec a = zero(), b = zero();
#pragma GCC unroll 2
  for (int r = 0; r < R; r++) {
    int64_t at = p * row.c + ch;
    if (here) {
      vec g = lanes.get(row.dy[r] + at);
      ivec winner = lanes.get(row.indices[r] + at);
      a += select(winner == isplat(row.tap[r] + 1), g, zero());
      b += select(winner == isplat(row.tap[r] + 2), g, zero());
    }
    if (next)
      b += select(lanes.get(row.indices[r] + at + row.c) == isplat(row.tap[r]), lanes.get(row.dy[r] + at + row.c),
                  zero());
  }
  if (first) lanes.put(row.dx + middle * row.c + ch, a);
  if (second) lanes.put(row.dx + (middle + 1) * row.c + ch, b);
}

template <int R>
void cells(const Row& row, const PoolAxis& w, AllLanes lanes) {
  for (int64_t p = (w.before + 1) / 2 - 1, middle; (middle = 2 * p + 1 - w.before) < w.size; p++) {
    bool here = p >= 0 && p < w.out, next = p + 1 < w.out, first = middle >= 0, second = middle + 1 < w.size;
    if (here && next && first && second)
      for (int64_t ch = 0; ch < row.c; ch += kLanes) pair<R>(row, p, middle, true, true, true, true, ch, lanes);
    else
      for (int64_t ch = 0; ch < row.c; ch += kLanes) pair<R>(row, p, middle, here, next, first, second, ch, lanes);
  }
}

}  // namespace

bool takes_3x3_dx(const PoolShape& s) {
  auto usual = [](const PoolAxis& a) { return a.kernel == 3 && a.stride == 2 && a.dilation == 1; };
  return usual(s.h) && usual(s.w) && s.c % 16 == 0;
}

void max_pool_3x3_dx(float* dx, const float* dy, const uint8_t* indices, const PoolShape& s) {
  AllLanes lanes{streams_dx(dx, s)};
  int64_t rows = s.n * s.h.size, cells_row = s.w.size * s.c;
  parallel_rows(rows, cells_row, rows * s.w.size * (s.c / 16), [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; y++) {
      Meeting meeting(s.h, y % s.h.size);
      Row row{dx + y * cells_row, {}, {}, {}, s.c};
      for (int r = 0; r < meeting.count; r++) {
        int64_t at = (y / s.h.size * s.h.out + meeting.window[r]) * s.w.out * s.c;
        row.dy[r] = dy + at, row.indices[r] = indices + at, row.tap[r] = 3 * meeting.tap[r];
      }
      if (meeting.count == 2)
        cells<2>(row, s.w, lanes);
      else if (meeting.count == 1)
        cells<1>(row, s.w, lanes);
      else
        clear(row.dx, cells_row);
    }
    stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
