// out[cell] = the sum over the pixels p of `from` that reach the cell of term(p, value); NHWC. Every gradient of a
// pooling or a resize has this form. A cell is written once, by the thread that owns its row, and adds its pixels in
// their order: no races, no atomics, the same bits for any number of threads. An axis says which pixels reach a cell;
// it walks along with the cells, so that finding them costs no search, and what it finds serves several rows.
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

constexpr int kAxisHits = 8;  // hits of one axis that are combined at a time

// The pixels that reach a cell along one axis, in floats from the start of their row or image.
template <class T>
struct Hits {
  int count;
  int64_t at[kAxisHits];
  T value[kAxisHits];
};

// N neighbouring cells of an axis.
template <class T, int N>
struct Cells {
  int64_t next[N], end[N];  // the pixels still to come
  Hits<T> hits[N];
  template <class Reach>
  void seek(Cursor<Reach>& cursor, int64_t first, int count) {
    for (int i = 0; i < count; i++) {
      cursor.seek(first + i);
      next[i] = cursor.begin, end[i] = cursor.end;
    }
  }
  // The next hits of each cell, pixels being `size` floats apart; whether there are more.
  template <class Reach>
  bool advance(const Reach& reach, int64_t first, int count, int64_t size) {
    bool more = false;
    for (int i = 0; i < count; i++) {
      Hits<T>& h = hits[i];
      for (h.count = 0; next[i] < end[i] && h.count < kAxisHits; next[i]++)
        if (reach.value(next[i], first + i, &h.value[h.count])) h.at[h.count++] = next[i] * size;
      more |= next[i] < end[i];
    }
    return more;
  }
};

// How many pixels of `from`, of one axis, no cell before has met.
template <class Reach>
static inline int new_ones(const Reach& reach, int64_t cells) {
  int64_t ones = (reach.pixels() + cells - 1) / cells;
  return (int)(ones < kAxisHits ? ones : kAxisHits);
}

// A row of cells, `count` of them. clear: they hold nothing yet. new_rows, new_columns: of their hits, those that come
// from memory.
template <class T>
struct CellRow {
  float* out;
  int64_t image;  // where the pixels' image begins, in floats
  const Hits<T>&down, *across;
  int count, new_rows, new_columns;
  bool clear, past;
};

// The sums over a cell's hits of V vectors from channel ch on, side by side to hide their latency.
template <int V, class T, class Join, class Term, class Lanes>
static inline void sum_hits(vec (&sum)[V], const CellRow<T>& row, const Hits<T>& across, int64_t ch, Join join,
                            Term term, Lanes lanes) {
  for (int i = 0; i < row.down.count; i++) {
    const int64_t at = row.image + row.down.at[i] + ch;
    for (int j = 0; j < across.count; j++) {
      const T value = join(row.down.value[i], across.value[j]);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) sum[v] = term(sum[v], at + across.at[j] + v * kLanes, value, lanes);
    }
  }
}

// term(sum, offset into from, join(row value, column value), lanes) over the hits of each cell; ask(offset) is called
// some way ahead. A block of hits is summed alone: long sums stay accurate.
template <class T, class Join, class Term, class Ask>
static inline void add_hits(const CellRow<T>& row, int64_t c, Join join, Term term, Ask ask) {
  float* out = row.out;
  for (int cell = 0; cell < row.count; cell++, out += c) {
    const Hits<T>& across = row.across[cell];
    auto ask_ahead = [&](int64_t ch) __attribute__((always_inline)) {
      for (int i = row.down.count < row.new_rows ? row.down.count : row.new_rows; i > 0; i--)
        for (int j = across.count < row.new_columns ? across.count : row.new_columns; j > 0; j--)
          ask(row.image + row.down.at[row.down.count - i] + across.at[across.count - j] + ch + kAhead);
    };
    int64_t ch = 0;
    for (; ch + 4 * kLanes <= c; ch += 4 * kLanes) {
      ask_ahead(ch);
      vec sum[4] = {};
      sum_hits(sum, row, across, ch, join, term, AllLanes{});
#pragma GCC unroll 4
      for (int v = 0; v < 4; v++) {
        float* to = out + ch + v * kLanes;
        put(to, row.clear ? sum[v] : load(to) + sum[v], row.past);
      }
    }
    if (ch < c) ask_ahead(ch);
    over_channels(
        c - ch,
        [&](int64_t rest, auto lanes) {
          vec sum[1] = {};
          sum_hits(sum, row, across, ch + rest, join, term, lanes);
          float* to = out + ch + rest;
          lanes.put(to, row.clear ? sum[0] : lanes.get(to) + sum[0]);
        },
        row.past);
  }
}
static inline void ask_four(const float* p) {
  for (int at = 0; at < 4 * kLanes; at += 16) __builtin_prefetch(p + at);
}

// add(row) for each row of blocks of cells: a few rows of one image times some columns, whose hits are found once.
template <class T, class Rows, class Columns, class Add>
static void gather(float* out, int64_t n, int64_t h, int64_t w, int64_t c, const Rows& rows, const Columns& columns,
                   Add add) {
  constexpr int kRows = 8, kColumns = 128, kBlockFloats = 2048;
  const int64_t from_h = rows.pixels(), from_w = columns.pixels();
  const int64_t work = n * (h * w + 2 * from_h * from_w) * ((c + 15) / 16);
  const bool past_caches = streams(out, n * h * w * c, c);
  // What eight rows read of a block stays in L1; what is not streamed is written row by row, as far as it goes.
  int64_t block = kBlockFloats / (c > 0 ? c : 1);
  block = block < 1 ? 1 : block > kColumns || !past_caches ? kColumns : block;
  const bool large = n * from_h * from_w * c * 4 >= kStreamFrom && (past_caches || 2 * from_h * from_w > h * w);
  const int new_rows = large ? new_ones(rows, h) : 0, new_columns = new_ones(columns, w);
  parallel_rows(n * h, w * c, work, [&](int64_t begin, int64_t end) {
    Cells<T, kRows> down;
    Cells<T, kColumns> across;
    Cursor<Rows> row{rows};
    for (int64_t top = begin, height; top < end; top += height) {
      const int64_t y = top % h;
      height = h - y < end - top ? h - y : end - top;
      if (height > kRows) height = kRows;
      if (y == 0) row = Cursor<Rows>{rows};
      down.seek(row, y, (int)height);
      bool more_rows = true;
      for (bool first_rows = true; more_rows; first_rows = false) {
        more_rows = down.advance(rows, y, (int)height, from_w * c);
        Cursor<Columns> column{columns};
        for (int64_t x = 0; x < w; x += block) {
          const int width = (int)(w - x < block ? w - x : block);
          across.seek(column, x, width);
          bool more = true;
          for (bool first = first_rows; more; first = false) {
            more = across.advance(columns, x, width, c);
            for (int64_t r = 0; r < height; r++)
              add(CellRow<T>{out + ((top + r) * w + x) * c, top / h * from_h * from_w * c, down.hits[r], across.hits,
                             width, new_rows, new_columns, first, past_caches && first && !more && !more_rows});
          }
        }
      }
    }
    if (past_caches) stream_fence();
  });
}

// The sum of weight * from[p].
void add_weighted(const float* from, const CellRow<float>& row, int64_t c);
template <class Rows, class Columns>
static void gather_weighted(float* out, const float* from, int64_t n, int64_t h, int64_t w, int64_t c, const Rows& rows,
                            const Columns& columns) {
  gather<float>(out, n, h, w, c, rows, columns, [=](const CellRow<float>& row) { add_weighted(from, row, c); });
}

}  // namespace ISA
}  // namespace fastcnn
