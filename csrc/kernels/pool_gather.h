// out[cell] = the sum over the pixels p of `from` that reach the cell of term(p, value); NHWC. Every gradient of a
// pooling or a resize has this form. A cell is written once, by the thread that owns its row, and adds its pixels in
// their order: no races, no atomics, the same bits for any number of threads. An axis says which pixels reach a cell;
// it walks along with the cells, so that finding them costs no search.
#pragma once
#include "pool_window.h"
#include "stream.h"

namespace fastcnn {
namespace ISA {

// Pixels o of an axis whose cells first(o)..last(o), neither decreasing with o, include `cell`: those from begin to
// end, save where value() says no.
template <class Reach>
struct Cursor {
  Reach reach;
  int64_t begin = 0, end = 0;
  void seek(int64_t cell) {
    while (begin < reach.pixels() && reach.last(begin) < cell) begin++;
    while (end < reach.pixels() && reach.first(end) <= cell) end++;
  }
};

// The windows of a pooling as seen from a cell; value: the tap that meets it.
struct WindowReach {
  PoolAxis a;
  int64_t pixels() const { return a.out; }
  int64_t first(int64_t o) const { return start_of(a, o); }
  int64_t last(int64_t o) const { return start_of(a, o) + (a.kernel - 1) * a.dilation; }
  bool value(int64_t o, int64_t cell, int32_t* tap) const {
    int64_t distance = cell - start_of(a, o);
    if (a.dilation > 1 && distance % a.dilation) return false;
    *tap = (int32_t)(a.dilation > 1 ? distance / a.dilation : distance);
    return true;
  }
};

template <class T>
struct Hit {
  int64_t at;  // an index of the axis, then an offset in floats
  T value;
};

constexpr int kAxisHits = 8;  // hits of one axis that are combined at a time

// The next hits of `cell` from pixel *o on; how many.
template <class Reach, class T>
static inline int next_hits(const Cursor<Reach>& cursor, int64_t cell, int64_t* o, Hit<T>* hits) {
  int count = 0;
  for (; *o < cursor.end && count < kAxisHits; (*o)++)
    if (cursor.reach.value(*o, cell, &hits[count].value)) hits[count++].at = *o;
  return count;
}

// join(row value, column value) is the value that term(sum, offset into from, value, lanes) gets.
template <class T, class Rows, class Columns, class Join, class Term>
static void gather(float* out, int64_t n, int64_t h, int64_t w, int64_t c, const Rows& rows, const Columns& columns,
                   Join join, Term term) {
  int64_t from_h = rows.pixels(), from_w = columns.pixels();
  int64_t work = n * (h * w + 2 * from_h * from_w) * ((c + 15) / 16);
  bool past_caches = streams(out, n * h * w * c, c);
  parallel_rows(n * h, w * c, work, [&](int64_t begin, int64_t end) {
    Cursor<Rows> row{rows};
    Hit<T> row_hits[kAxisHits], column_hits[kAxisHits], hits[kAxisHits * kAxisHits];
    for (int64_t r = begin; r < end; r++) {
      int64_t y = r % h, image = r / h * from_h * from_w * c;
      if (y == 0) row = Cursor<Rows>{rows};
      row.seek(y);
      int64_t oy = row.begin;
      bool fresh = true;  // the row's cells hold nothing yet
      do {
        int row_count = next_hits(row, y, &oy, row_hits);
        Cursor<Columns> column{columns};
        for (int64_t x = 0; x < w; x++) {
          column.seek(x);
          int64_t ox = column.begin;
          float* cell = out + (r * w + x) * c;
          bool clear = fresh;
          do {
            int column_count = next_hits(column, x, &ox, column_hits), count = 0;
            for (int i = 0; i < row_count; i++)
              for (int j = 0; j < column_count; j++)
                hits[count++] = {image + (row_hits[i].at * from_w + column_hits[j].at) * c,
                                 join(row_hits[i].value, column_hits[j].value)};
            auto add = [&](int64_t ch, auto lanes) {
              vec sum = zero();  // of this block of hits alone: long sums stay accurate
              for (int k = 0; k < count; k++) sum = term(sum, hits[k].at + ch, hits[k].value, lanes);
              lanes.put(cell + ch, clear ? sum : lanes.get(cell + ch) + sum);
            };
            over_channels(c, add, past_caches && clear && ox >= column.end && oy >= row.end);
            clear = false;
          } while (ox < column.end);
        }
        fresh = false;
      } while (oy < row.end);
    }
    if (past_caches) stream_fence();
  });
}

// The sum of weight * from[p].
template <class Rows, class Columns>
static void gather_weighted(float* out, const float* from, int64_t n, int64_t h, int64_t w, int64_t c, const Rows& rows,
                            const Columns& columns) {
  gather<float>(
      out, n, h, w, c, rows, columns, [](float a, float b) { return a * b; },
      [from](vec sum, int64_t at, float weight, auto lanes) { return fma(lanes.get(from + at), splat(weight), sum); });
}

}  // namespace ISA
}  // namespace fastcnn
