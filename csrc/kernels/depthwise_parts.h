// What the files of the depthwise convolution share: vectors of output channels, and the entries of their table.
#pragma once
#include "depthwise.h"
#include "lanes.h"

namespace fastcnn {
namespace ISA {

// n of kLanes lanes; Full: all of them, known to the compiler.
template <bool Full>
static inline vec load_lanes(const float* p, int n) {
  return Full ? load(p) : load_first(p, n);
}
template <bool Full>
static inline void store_lanes(float* p, vec v, int n) {
  if (Full)
    store(p, v);
  else
    store_first(p, v, n);
}

// Input channels as the output channels q .. q + lanes - 1 see them: each one m times.
struct Repeat {
  int64_t first;  // input channel of lane 0
  int count;      // input channels in the vector
  ivec channel;   // of each lane, counted from first
};
static inline Repeat repeat(int64_t q, int lanes, int64_t m) {
  int64_t phase = q % m;
  const ivec lane = lane_numbers();
  ivec channel;
  if (m < kLanes)  // (phase + lane) / m: small numbers, half a step away from where rounding could matter
    channel = to_int((to_float(lane + (int32_t)phase) + 0.5f) * (1.0f / (float)m));
  else
    channel = (lane >= (int32_t)(m - phase < kLanes ? m - phase : kLanes)) & 1;
  return {q / m, (int)((phase + lanes - 1) / m) + 1, channel};
}
static inline vec load_repeated(const float* p, const Repeat& r) {
  return __builtin_shuffle(load_first(p, r.count), r.channel);
}

size_t depthwise_dw_bytes(const Depthwise2d&);
void depthwise_dw(float* dw, const float* x, const float* dy, const Depthwise2d&, char* workspace);

size_t depthwise_db_bytes(int64_t pixels, int64_t c);
void depthwise_db(float* db, const float* dy, int64_t pixels, int64_t c, char* workspace);

}  // namespace ISA
}  // namespace fastcnn
