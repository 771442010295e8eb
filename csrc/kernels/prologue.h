// Reading an input through a normalisation whose result was not stored: activation((x - mean) * scale + shift).
#pragma once
#include "fastcnn/core.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

// The numbers of one vector of channels.
struct Normaliser {
  vec mean, scale, shift, low, high;
  // live: channels of the vector; the others read as zero.
  Normaliser(const fastcnn_prologue& p, int64_t channel, int live)
      : mean(load_first(p.mean + channel, live)),
        scale(load_first(p.scale + channel, live)),
        shift(load_first(p.shift + channel, live)),
        low(splat(p.activation == FASTCNN_LINEAR ? -__builtin_inff() : 0)),
        high(splat(p.activation == FASTCNN_RELU6 ? 6 : __builtin_inff())) {}
  // As norm.cpp has it, to the bit.
  inline __attribute__((always_inline)) vec operator()(vec x) const {
    return min(high, max(low, fma(x - mean, scale, shift)));
  }
};

// One pixel of c channels.
static inline void normalise_pixel(float* to, const float* x, int64_t c, const fastcnn_prologue& p) {
  int64_t i = 0;
  for (; i + kLanes <= c; i += kLanes) store(to + i, Normaliser(p, i, kLanes)(load(x + i)));
  if (i < c) store_first(to + i, Normaliser(p, i, (int)(c - i))(load_first(x + i, (int)(c - i))), (int)(c - i));
}

}  // namespace ISA
}  // namespace fastcnn
