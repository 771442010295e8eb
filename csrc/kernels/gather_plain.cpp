// Products of rows that lie one after the other, as those of 1x1 filters without stride are.
//
// Where a row is read or written for few multiplications the time is that of memory, if only memory is asked early
// enough and additions do not wait for each other. So there are no pointers to rows; a tile has as many rows as the
// registers hold, be they of one vector; each step of its sum asks for a line or two of the rows some hundred steps
// ahead, and of what they are joined with; and all columns of some rows are finished before the next, so that x passes
// by once and the filter stays in L2.
#include "gather_plain.h"

#include "apply_activation.h"
#include "pack.h"
#include "prologue.h"
#include "runtime/shares.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr bool kWorthwhile = kLanes >= 8;     // with four lanes multiplying takes longer than reading
constexpr int64_t kFilterFloats = 128 << 10;  // half of what a core has for itself
constexpr int64_t kLongRun = 4 * kDepth;
constexpr int64_t kStepsAhead = 128;       // that rows are asked for before they are read
constexpr int64_t kTaskFloats = 64 << 10;  // read and written
constexpr int64_t kTasks = 4;              // a thread, at least
constexpr int64_t kWhole = 64;             // times kPlainRows: with more rows a thread, tasks are a multiple of those

// What the steps ask for, in turn.
struct Asking {
  const float* x;      // rows to come
  int64_t x_pitch;     // floats from one step to the next
  const float *c, *d;  // what the results will meet, or null
  int64_t pitch;
};

// rare: tiles are finished by finish_tile, or else the code for it would be there once for each width.
struct Ending : Finish {
  bool rare;
};

__attribute__((noinline, noclone)) void finish_tile(const float* tile, float* y, int64_t y_step, int rows, int vectors,
                                                    int tail, const Ending& f) {
  const int64_t residual = f.residual - f.origin, gate = f.gate - f.origin;
  for (int j = 0; j < vectors; j++) {
    const int live = j == vectors - 1 ? tail : kLanes;
    const vec bias = f.last && f.bias ? load_first(f.bias + j * kLanes, live) : zero();
    for (int i = 0; i < rows; i++) {
      float* c = y + i * y_step + j * kLanes;
      vec v = load(tile + (i * vectors + j) * kLanes);
      if (f.accumulate) v = load_first(c, live) + v;
      if (f.last) {
        if (f.bias) v += bias;
        if (f.residual) v += load_first((const float*)((const char*)c + residual), live);
        if (f.clamp) v = min(splat(f.high), max(splat(f.low), v));
        if (f.gate) v = through(load_first((const float*)((const char*)c + gate), live), v);
      }
      f.stream ? stream(c, v) : store_first(c, v, live);
    }
  }
}

// kPlainRows / NV rows of a panel; tail: columns of its last vector.
template <int NV>
void plain_tile(const float* x, int64_t step, int64_t depth, const float* b, int64_t b_step, float* y, int64_t y_step,
                const Ending& f, int tail, Asking& asking) {
  constexpr int kRows = (int)kPlainRows / NV, kBases = (kRows + 3) / 4;
  vec acc[kRows][NV];
#pragma GCC unroll 24
  for (int i = 0; i < kRows; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) acc[i][j] = zero();
  const float* base[kBases];
#pragma GCC unroll 6
  for (int i = 0; i < kBases; i++) base[i] = x + 4 * i * step;
  const int64_t three = 3 * step;
  const float *ask = asking.x, *c = asking.c, *d = asking.d;
  for (int64_t p = 0; p < depth; p++) {
    vec column[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) column[j] = load(b + j * kLanes);
    b += b_step;
    __builtin_prefetch(ask);
    if (kPlainRows > 16 && NV == 1) __builtin_prefetch(ask + 16);
    ask += asking.x_pitch;
    if (c) {
      __builtin_prefetch(c), __builtin_prefetch(d);
      c += asking.pitch, d += asking.pitch;
    }
#pragma GCC unroll 24
    for (int i = 0; i < kRows; i++) {
      vec a = splat(base[i / 4][i % 4 == 3 ? three : i % 4 * step]);
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] = fma(a, column[j], acc[i][j]);
    }
#pragma GCC unroll 6
    for (int i = 0; i < kBases; i++) base[i]++;
  }
  asking.x = ask, asking.c = c, asking.d = d;
  auto each = [&](auto put) __attribute__((always_inline)) {
#pragma GCC unroll 24
    for (int i = 0; i < kRows; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) put(acc[i][j], i, j, j == NV - 1 ? tail : kLanes);
  };
  if (f.rare) {
    alignas(64) float kept[kRows * NV * kLanes];
    each([&](vec& v, int i, int j, int) { store(kept + (i * NV + j) * kLanes, v); });
    return finish_tile(kept, y, y_step, kRows, NV, tail, f);
  }
  if (f.bias) each([&](vec& v, int, int j, int live) { v += load_first(f.bias + j * kLanes, live); });
  if (f.residual) {
    const float* from = (const float*)((const char*)y + (f.residual - f.origin));
    each([&](vec& v, int i, int j, int live) { v += load_first(from + i * y_step + j * kLanes, live); });
  }
  if (f.clamp) each([&](vec& v, int, int, int) { v = min(splat(f.high), max(splat(f.low), v)); });
  if (f.stream)
    each([&](vec& v, int i, int j, int) { stream(y + i * y_step + j * kLanes, v); });
  else
    each([&](vec& v, int i, int j, int live) { store_first(y + i * y_step + j * kLanes, v, live); });
}

typedef void (*PlainTile)(const float*, int64_t, int64_t, const float*, int64_t, float*, int64_t, const Ending&, int,
                          Asking&);
inline PlainTile plain_of(int vectors) {
  if constexpr (kTileVectors == 4)
    if (vectors == 4) return plain_tile<4>;
  return vectors == 2 ? plain_tile<2> : plain_tile<1>;
}

// kPlainRows rows of x through the prologue, align16(run) floats apart.
void normalise_rows(float* to, const Gather& g, const float* x, int64_t rows) {
  const int64_t step = align16(g.run);
  for (int64_t i = 0; i < g.run; i += kLanes) {
    const int live = (int)least(kLanes, g.run - i);
    const Normaliser read(*g.prologue, i, live);
    for (int64_t p = 0; p < rows; p++) store(to + p * step + i, read(load_first(x + p * g.x_pixel + i, live)));
  }
}

struct Work {
  const Gather& g;
  const float* filter;
  Ending finish;
  bool later;
  int64_t vectors, piece;

  // Rows [first, first + count), kPlainRows of them or what is left.
  void rows(int64_t first, int64_t count, float* scratch, Asking& asking) const {
    const float* x = g.x + first * g.x_pixel;
    float* y = g.y + first * g.y_pixel;
    int64_t step = g.x_pixel;
    if (g.prologue) normalise_rows(scratch, g, x, count), x = scratch, step = align16(g.run);
    for (int64_t column = 0, width; column < g.columns; column += width) {
      const int64_t in_panel = column % kPanel, panel = column - in_panel;
      const int64_t b_step = panel_width(g.columns - panel);
      width = least(b_step - in_panel, b_step == kPanel ? kPanel : 2 * kLanes);  // three vectors are two and one
      const int columns = (int)least(width, g.columns - column), tail = columns - (int)width + kLanes;
      const PlainTile tile = plain_of((int)width / kLanes);
      const int64_t each = kPlainRows * kLanes / width;
      Ending f = finish;
      if (f.bias) f.bias += column;
      for (int64_t from = 0, depth; from < g.run; from += depth) {
        depth = least(piece, g.run - from);
        f.accumulate = from > 0, f.last = from + depth == g.run;
        f.rare = piece < g.run || f.gate;
        const float* b = filter + panel * g.run + from * b_step + in_panel;
        int64_t i = 0;
        for (; i + each <= count; i += each)
          tile(x + i * step + from, step, depth, b, b_step, y + i * g.y_pixel + column, g.y_pixel, f, tail, asking);
        if (i < count) {
          const float* a[kPlainRows];
          float* c[kPlainRows];
          for (int64_t j = i; j < count; j++) a[j - i] = x + j * step, c[j - i] = y + j * g.y_pixel + column;
          micro_rows({a, 0, 1, depth, 1, from}, b, b_step, c, count - i, columns, f);
        }
      }
    }
    for (int64_t i = 0; i < count && later; i++)
      apply_activation(y + i * g.y_pixel, g.columns, g.epilogue.activation, g.epilogue.alpha);
  }

  // The rows [first, end), after which this thread will most likely take the next ones.
  __attribute__((noinline)) void task(int64_t first, int64_t end, float* scratch) const {
    const int64_t steps = g.run * vectors, units = ceil_div(kStepsAhead, steps);
    const int64_t pitch = ceil_div(kPlainRows * g.y_pixel, steps);
    auto beside = [&](const char* array) { return (const float*)(array + ((const char*)g.y - finish.origin)); };
    for (; first < end; first += kPlainRows) {
      const int64_t ahead = first + units * kPlainRows;
      Asking asking{g.x + ahead * g.x_pixel, ceil_div(kPlainRows, vectors), nullptr, nullptr, pitch};
      if (finish.residual) asking.c = asking.d = beside(finish.residual) + ahead * g.y_pixel;
      if (finish.gate) asking.d = beside(finish.gate) + ahead * g.y_pixel;
      if (finish.gate && !finish.residual) asking.c = asking.d;
      rows(first, least(kPlainRows, end - first), scratch, asking);
    }
  }
};

}  // namespace

bool takes_plain(const Gather& g) {
  if (!kWorthwhile) return false;
  bool runs = g.taps == 1 && g.inside && g.step_h == 1 && g.step_w == 1 && g.x_pixel == g.run && g.oh == g.h &&
              g.ow == g.w && g.y_row == g.ow * g.y_pixel && g.y_image == g.oh * g.y_row;
  const bool joins = g.epilogue.residual || g.epilogue.gate;  // then more has to stay until it is used
  return runs && g.run <= kLongRun && g.run * padded_columns(g.columns) <= kFilterFloats * (joins ? 1 : 2);
}

void plain_product(const Gather& g, const float* filter, int team, char* own, int64_t own_bytes) {
  if (!kWorthwhile) return;
  Work work{g, filter, {}, false, padded_columns(g.columns) / kLanes, depth_of_block(g.run)};
  work.later = finish_with(g.epilogue, &work.finish);
  Ending& f = work.finish;
  f.bias = g.epilogue.bias, f.stream = g.stream && !work.later && work.piece == g.run;
  f.origin = (const char*)g.y_origin;
  f.residual = (const char*)g.epilogue.residual, f.gate = (const char*)g.epilogue.gate;
  const int64_t rows = g.n * g.oh * g.ow;
  int64_t each = ceil_div(kTaskFloats, kPlainRows * (g.run + g.columns));
  each = most(1, least(each, rows / (kPlainRows * kTasks * team))) * kPlainRows;
  const int64_t tasks = ceil_div(rows / each, team) * team;  // as many for each thread, and as long
  const int64_t grain = rows < kWhole * kPlainRows * team ? kTileRows : kPlainRows;
  auto bound = [=](int64_t task) { return task == tasks ? rows : (rows * task / tasks + grain / 2) / grain * grain; };
  parallel_shares(team, tasks, [&](int64_t task, int thread) {
    work.task(bound(task), bound(task + 1), (float*)(own + thread * own_bytes));
    if (f.stream) stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
