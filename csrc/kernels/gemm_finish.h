// The end of products whose sums are kept in memory: partial sums, then what the micro-kernel does to its tiles.
#pragma once
#include "apply_activation.h"
#include "micro.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {

// finish_with for tiles of y.
static inline bool finish_in(const float* y, const fastcnn_epilogue& e, Finish* f) {
  f->origin = (const char*)y, f->residual = (const char*)e.residual, f->gate = (const char*)e.gate;
  return finish_with(e, f);
}

// Where the rows of y, n columns each, lie: those of y, and for each of `count` partial sums those of partial +
// i * step, to be added in this order.
struct Sums {
  float* y;
  int64_t n;
  const float* partial = nullptr;
  int64_t count = 0, step = 0;
};

// y[i][column .. column + columns) = activation(y + partial sums + bias + residual), through the gate.
static inline void finish_row(const Sums& s, int64_t i, int64_t column, int64_t columns, const fastcnn_epilogue& e) {
  Finish f;
  bool later = finish_with(e, &f);
  int64_t at = i * s.n + column;
  for (int64_t j = 0; j < columns; j += kLanes) {
    int live = (int)least(kLanes, columns - j);
    vec v = load_first(s.y + at + j, live);
    for (int64_t q = 0; q < s.count; q++) v += load_first(s.partial + q * s.step + at + j, live);
    if (e.bias) v += load_first(e.bias + column + j, live);
    if (e.residual) v += load_first(e.residual + at + j, live);
    if (f.clamp) v = min(splat(f.high), max(splat(f.low), v));
    if (e.gate) v = through(load_first(e.gate + at + j, live), v);
    store_first(s.y + at + j, v, live);
  }
  if (later) apply_activation(s.y + at, 1, columns, s.n, e.activation, e.alpha);
}

}  // namespace ISA
}  // namespace fastcnn
