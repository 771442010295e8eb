// Products of many rows that read or write little for each: 1x1 filters with few columns, or with short sums.
//
// Their time is that of memory, if only memory is asked early enough and the rows are not waited for. So there are no
// pointers to rows, which lie one after the other; a tile has as many rows as the registers hold, be they of one vector
// (the additions of six would wait for each other); each step of its sum asks for a line or two of the rows some
// hundred steps ahead, and of what they are joined with; and all columns of some rows are finished before the next.
#include "gather_narrow.h"

#include "apply_activation.h"
#include "pack.h"
#include "prologue.h"
#include "runtime/parallel.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kFilterFloats = 6 << 10;  // half of a first-level cache
constexpr int64_t kShort = 32;              // steps of a sum
constexpr int64_t kStepsAhead = 128;        // that rows are asked for before they are read
constexpr int64_t kTaskFloats = 64 << 10;   // read and written

// What the steps ask for, in turn.
struct Asking {
  const float* x;      // rows to come
  int64_t x_pitch;     // floats from one step to the next
  const float *c, *d;  // what the results will meet, or null
  int64_t pitch;
};

// kNarrowRows / NV rows of a panel; tail: columns of its last vector.
template <int NV>
void narrow_tile(const float* x, int64_t step, int64_t depth, const float* b, float* y, int64_t y_step, const Finish& f,
                 int tail, Asking& asking) {
  constexpr int kRows = (int)kNarrowRows / NV, kBases = (kRows + 3) / 4;
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
    b += NV * kLanes;
    __builtin_prefetch(ask);
    if (kNarrowRows > 16 && NV == 1) __builtin_prefetch(ask + 16);
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
  auto each = [&](auto g) __attribute__((always_inline)) {
#pragma GCC unroll 24
    for (int i = 0; i < kRows; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) g(acc[i][j], i * y_step + j * kLanes, j, j == NV - 1 ? tail : kLanes);
  };
  auto beside = [&](const char* array) { return (const float*)(array + ((const char*)y - f.origin)); };
  if (f.bias) each([&](vec& v, int64_t, int j, int live) { v += load_first(f.bias + j * kLanes, live); });
  if (f.residual) {
    const float* from = beside(f.residual);
    each([&](vec& v, int64_t at, int, int live) { v += load_first(from + at, live); });
  }
  if (f.clamp) each([&](vec& v, int64_t, int, int) { v = min(splat(f.high), max(splat(f.low), v)); });
  if (f.gate) {
    const float* from = beside(f.gate);
    each([&](vec& v, int64_t at, int, int live) { v = through(load_first(from + at, live), v); });
  }
  if (f.stream)
    each([&](vec& v, int64_t at, int, int) { stream(y + at, v); });
  else
    each([&](vec& v, int64_t at, int, int live) { store_first(y + at, v, live); });
}

typedef void (*NarrowTile)(const float*, int64_t, int64_t, const float*, float*, int64_t, const Finish&, int, Asking&);
inline NarrowTile narrow_of(int vectors) {
#if defined(__AVX512F__)
  if (vectors == 4) return narrow_tile<4>;
  if (vectors == 3) return narrow_tile<3>;
#endif
  return vectors == 2 ? narrow_tile<2> : narrow_tile<1>;
}

// kNarrowRows rows of x through the prologue, align16(run) floats apart.
void normalise_rows(float* to, const Gather& g, const float* x, int64_t rows) {
  const int64_t step = align16(g.run);
  for (int64_t i = 0; i < g.run; i += kLanes) {
    const int live = (int)least(kLanes, g.run - i);
    const Normaliser read(*g.prologue, i, live);
    for (int64_t p = 0; p < rows; p++)
      store_first(to + p * step + i, read(load_first(x + p * g.x_pixel + i, live)), live);
  }
}

struct Work {
  const Gather& g;
  const float* filter;
  Finish finish;
  bool later;
  int64_t vectors;

  // Rows [first, first + count), kNarrowRows of them or what is left.
  void rows(int64_t first, int64_t count, float* scratch, Asking& asking) const {
    const float* x = g.x + first * g.x_pixel;
    float* y = g.y + first * g.y_pixel;
    int64_t step = g.x_pixel;
    if (g.prologue) normalise_rows(scratch, g, x, count), x = scratch, step = align16(g.run);
    for (int64_t panel = 0; panel < panel_count(g.columns); panel++) {
      int columns = (int)least(kPanel, g.columns - panel * kPanel), width = panel_width(columns);
      int tail = columns - width + kLanes;
      const float* b = filter + panel * kPanel * g.run;
      Finish f = finish;
      if (f.bias) f.bias += panel * kPanel;
      float* to = y + panel * kPanel;
      if (count == kNarrowRows) {
        NarrowTile tile = narrow_of(width / kLanes);
        int64_t each = kNarrowRows * kLanes / width;
        for (int64_t i = 0; i < kNarrowRows; i += each)
          tile(x + i * step, step, g.run, b, to + i * g.y_pixel, g.y_pixel, f, tail, asking);
      } else {
        const float* a[kNarrowRows];
        float* c[kNarrowRows];
        for (int64_t i = 0; i < count; i++) a[i] = x + i * step, c[i] = to + i * g.y_pixel;
        micro_rows({a, 0, 1, g.run, 1}, b, width, c, count, columns, f);
      }
    }
    for (int64_t i = 0; i < count && later; i++)
      apply_activation(y + i * g.y_pixel, g.columns, g.epilogue.activation, g.epilogue.alpha);
  }

  void task(int64_t first, int64_t end, float* scratch) const {
    const int64_t steps = g.run * vectors, units = ceil_div(kStepsAhead, steps);
    const int64_t pitch = ceil_div(kNarrowRows * g.y_pixel, steps);
    auto beside = [&](const char* array) { return (const float*)(array + ((const char*)g.y - finish.origin)); };
    for (; first < end; first += kNarrowRows) {
      int64_t ahead = first + units * kNarrowRows;
      Asking asking{g.x + ahead * g.x_pixel, ceil_div(kNarrowRows, vectors), nullptr, nullptr, pitch};
      if (finish.residual) asking.c = asking.d = beside(finish.residual) + ahead * g.y_pixel;
      if (finish.gate) asking.d = beside(finish.gate) + ahead * g.y_pixel;
      if (finish.gate && !finish.residual) asking.c = asking.d;
      rows(first, least(kNarrowRows, end - first), scratch, asking);
    }
  }
};

}  // namespace

bool takes_narrow(const Gather& g) {
  bool runs = g.taps == 1 && g.inside && g.step_h == 1 && g.step_w == 1 && g.x_pixel == g.run && g.oh == g.h &&
              g.ow == g.w && g.y_row == g.ow * g.y_pixel && g.y_image == g.oh * g.y_row;
  return runs && g.run <= kDepth && g.run * padded_columns(g.columns) <= kFilterFloats &&
         (padded_columns(g.columns) < kPanel || g.run <= kShort);
}

void narrow_product(const Gather& g, const float* filter, int team, char* own, int64_t own_bytes) {
  Work work{g, filter, {}, false, padded_columns(g.columns) / kLanes};
  work.later = finish_with(g.epilogue, &work.finish);
  Finish& f = work.finish;
  f.last = true, f.bias = g.epilogue.bias, f.stream = g.stream && !work.later;
  f.origin = (const char*)g.y_origin;
  f.residual = (const char*)g.epilogue.residual, f.gate = (const char*)g.epilogue.gate;
  const int64_t rows = g.n * g.oh * g.ow;
  int64_t each = ceil_div(kTaskFloats, kNarrowRows * (g.run + g.columns));
  each = most(1, least(each, rows / (kNarrowRows * 4 * team))) * kNarrowRows;
  parallel_tasks(team, ceil_div(rows, each), [&](int64_t task, int thread) {
    work.task(task * each, least(rows, (task + 1) * each), (float*)(own + thread * own_bytes));
    if (f.stream) stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
