// Products of rows that lie one after the other, as those of 1x1 filters without stride are.
//
// Where a row is read or written for few multiplications the time is that of memory, if only memory is asked early
// enough and additions do not wait for each other. So there are no pointers to rows; a tile has as many rows as the
// registers hold, be they of one vector; its sum asks, every few steps, for a line or two of the rows some hundred
// steps ahead, and of what they are joined with; and all columns of some rows are finished before the next, so that x
// passes by once and the filter stays in L2, or comes there seldom.
#include "gather_plain.h"

#include "apply_activation.h"
#include "hints.h"
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
constexpr int64_t kTogether = 4;           // times kPlainRows: rows that a filter larger than that half passes by
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

template <int N>
struct Steps {
  static constexpr int value = N;
};

// `tiles` times kPlainRows / NV rows of a panel; tail: columns of its last vector.
template <int NV>
void plain_tiles(int64_t tiles, const float* x, int64_t step, int64_t depth, const float* panel, int64_t b_step,
                 float* y, int64_t y_step, const Ending& f, int tail, Asking& asking) {
  constexpr int kRows = (int)kPlainRows / NV;
  constexpr bool kFull = NV == kTileVectors;  // a pointer for each row; else for each four
  constexpr int kSteps = kFull ? 4 : 1;       // together, with one asking: who shares the core has few slots to spare
  constexpr int kLines = (int)(kSteps * kPlainRows / NV + 15) / 16;
  constexpr int kEach = kFull ? 1 : 4, kBases = (kRows + kEach - 1) / kEach;
  if (kFull) b_step = kPanel;
  const int64_t three = 3 * step, x_pitch = kSteps * asking.x_pitch, pitch = kSteps * asking.pitch;
  const float *ask = asking.x, *c = asking.c, *d = asking.d;
  for (; tiles > 0; tiles--, x += kRows * step, y += kRows * y_step) {
    const float* b = panel;
    vec acc[kRows][NV];
#pragma GCC unroll 24
    for (int i = 0; i < kRows; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] = zero();
    const float* base[kBases];
#pragma GCC unroll 6
    for (int i = 0; i < kBases; i++) {
      base[i] = x + kEach * i * step;
      if (kFull) forget(base[i]);
    }
    int64_t p = 0;
    auto add = [&](auto steps) __attribute__((always_inline)) {
#pragma GCC unroll 4
      for (int s = 0; s < steps.value; s++) {
        vec column[NV];
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) column[j] = load(b + s * b_step + j * kLanes);
#pragma GCC unroll 24
        for (int i = 0; i < kRows; i++) {
          vec a = splat(kFull ? base[i][p + s] : base[i / 4][i % 4 == 3 ? three : i % 4 * step]);
#pragma GCC unroll 4
          for (int j = 0; j < NV; j++) acc[i][j] = fma(a, column[j], acc[i][j]);
          if (kFull) keep(a);
        }
#pragma GCC unroll 4
        for (int j = 0; j < NV && kFull; j++) keep(column[j]);
      }
      p += steps.value, b += steps.value * b_step;
#pragma GCC unroll 6
      for (int i = 0; i < kBases && !kFull; i++) base[i]++;
    };
    for (const int64_t end = depth / kSteps * kSteps; p != end;) {
#pragma GCC unroll 2
      for (int i = 0; i < kLines; i++) __builtin_prefetch(ask + i * 16);
      ask += x_pitch;
      if (c) {
#pragma GCC unroll 2
        for (int i = 0; i < (kFull ? 2 : 1); i++) __builtin_prefetch(c + i * 16), __builtin_prefetch(d + i * 16);
        c += pitch, d += pitch;
      }
      add(Steps<kSteps>());
    }
    while (kSteps > 1 && p != depth) add(Steps<1>());
    auto each = [&](auto put) __attribute__((always_inline)) {
#pragma GCC unroll 24
      for (int i = 0; i < kRows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) put(acc[i][j], i, j, j == NV - 1 ? tail : kLanes);
    };
    // f(vector, where it lies in the rows from `at` on): one address a row.
    auto beside = [&](auto* at, auto put) __attribute__((always_inline)) {
#pragma GCC unroll 24
      for (int i = 0; i < kRows; i++, at += y_step) {
        forget(at);
#pragma GCC unroll 4
        for (int j = 0; j < NV; j++) put(acc[i][j], at + j * kLanes, j == NV - 1 ? tail : kLanes);
      }
    };
    if (f.rare) {
      alignas(64) float kept[kRows * NV * kLanes];
      each([&](vec& v, int i, int j, int) { store(kept + (i * NV + j) * kLanes, v); });
      finish_tile(kept, y, y_step, kRows, NV, tail, f);
      continue;
    }
    if (f.bias) each([&](vec& v, int, int j, int live) { v += load_first(f.bias + j * kLanes, live); });
    if (f.residual)
      beside((const float*)((const char*)y + (f.residual - f.origin)),
             [&](vec& v, const float* from, int live) { v += load_first(from, live); });
    if (f.clamp) each([&](vec& v, int, int, int) { v = max(splat(f.low), v); });
    if (f.clamp && f.high < __builtin_inff()) each([&](vec& v, int, int, int) { v = min(splat(f.high), v); });
    if (f.stream)
      beside(y, [&](vec& v, float* to, int) { stream(to, v); });
    else
      beside(y, [&](vec& v, float* to, int live) { store_first(to, v, live); });
  }
  asking.x = ask, asking.c = c, asking.d = d;
}

typedef void (*PlainTiles)(int64_t, const float*, int64_t, int64_t, const float*, int64_t, float*, int64_t,
                           const Ending&, int, Asking&);
inline PlainTiles plain_of(int vectors) {
  if constexpr (kTileVectors == 4)
    if (vectors == 4) return plain_tiles<4>;
  return vectors == 2 ? plain_tiles<2> : plain_tiles<1>;
}

// Rows of x through the prologue, align16(run) floats apart.
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
  int64_t vectors, piece, together;  // so many rows meet all columns before the next

  // Rows [first, first + count), `together` of them or what is left.
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
      const PlainTiles tiles = plain_of((int)width / kLanes);
      const int64_t each = kPlainRows * kLanes / width;
      Ending f = finish;
      if (f.bias) f.bias += column;
      for (int64_t from = 0, depth; from < g.run; from += depth) {
        depth = least(piece, g.run - from);
        f.accumulate = from > 0, f.last = from + depth == g.run;
        f.rare = piece < g.run || f.gate;
        const float* b = filter + panel * g.run + from * b_step + in_panel;
        tiles(count / each, x + from, step, depth, b, b_step, y + column, g.y_pixel, f, tail, asking);
        const int64_t i = count / each * each;
        if (i < count) {
          const float* a[kPlainRows];
          float* c[kPlainRows];
          for (int64_t j = i; j < count; j++) a[j - i] = x + j * step, c[j - i] = y + j * g.y_pixel + column;
          micro_rows({a, 0, 1, depth, 1, from}, b, b_step, c, count - i, columns, f);
        }
      }
    }
    if (later) apply_activation(y, count, g.columns, g.y_pixel, g.epilogue.activation, g.epilogue.alpha);
  }

  // The rows [first, end), after which this thread will most likely take the next ones.
  __attribute__((noinline)) void task(int64_t first, int64_t end, float* scratch) const {
    const int64_t steps = g.run * vectors, units = ceil_div(kStepsAhead, steps);
    const int64_t pitch = ceil_div(kPlainRows * g.y_pixel, steps);
    auto beside = [&](const char* array) { return (const float*)(array + ((const char*)g.y - finish.origin)); };
    for (; first < end; first += together) {
      const int64_t ahead = first + units * together;
      Asking asking{g.x + ahead * g.x_pixel, ceil_div(kPlainRows, vectors), nullptr, nullptr, pitch};
      if (finish.residual) asking.c = asking.d = beside(finish.residual) + ahead * g.y_pixel;
      if (finish.gate) asking.d = beside(finish.gate) + ahead * g.y_pixel;
      if (finish.gate && !finish.residual) asking.c = asking.d;
      rows(first, least(together, end - first), scratch, asking);
    }
  }
};

}  // namespace

bool takes_plain(const Gather& g) {
  if (!kWorthwhile) return false;
  bool runs = g.taps == 1 && g.inside && g.step_h == 1 && g.step_w == 1 && g.x_pixel == g.run && g.oh == g.h &&
              g.ow == g.w && g.y_row == g.ow * g.y_pixel && g.y_image == g.oh * g.y_row;
  const bool joins = g.epilogue.residual || g.epilogue.gate;  // then more has to stay until it is used
  return runs && g.run <= kLongRun && g.run * padded_columns(g.columns) <= kFilterFloats * (joins ? 1 : kTogether);
}

void plain_product(const Gather& g, const float* filter, int team, char* own, int64_t own_bytes, int64_t own_rows) {
  if (!kWorthwhile) return;
  Work work{g, filter, {}, false, padded_columns(g.columns) / kLanes, depth_of_block(g.run), kPlainRows};
  if (g.run * padded_columns(g.columns) > kFilterFloats)
    work.together *= most(1, least(kTogether, least(kFilterFloats / g.run, own_rows) / kPlainRows));
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
