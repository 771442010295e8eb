// A pass of a depthwise convolution: the convolution itself or its input gradient, which gather in the same way.
#pragma once
#include "depthwise_lines.h"
#include "fastcnn/core.h"
#include "stream.h"

namespace fastcnn {
namespace ISA {

struct Pass {
  float* result;
  const float *source, *filter;  // (kh, kw, c * m)
  Axis rows, columns;
  int64_t images, result_c, source_c, filter_c, m;
  fastcnn_epilogue end;
};

constexpr int64_t kFilterFloats = 4096;  // of a block of channels: a third of the first-level cache
constexpr int64_t kTaskFloats = 64 << 10, kLeastTaskFloats = 8 << 10, kTasks = 16;

constexpr int64_t kGroupFloats = 256 << 10;

// A task is a group of neighbouring bands of rows, which share source rows, times a block of channels.
struct Tasks {
  int64_t group, groups, block, blocks;
};
static inline Tasks tasks_of(int64_t images, int64_t bands, int64_t band_pixels, int64_t c) {
  int64_t blocks = round_up(c, kFilterFloats / 9);
  int64_t block = round_up(round_up(c, blocks), 16) * 16, floats = band_pixels * block;
  int64_t group = most(1, least(bands, kGroupFloats / floats)), wanted = round_up(kTasks, images * blocks);
  group = least(group, most(round_up(bands, wanted), round_up(kLeastTaskFloats, floats)));
  const int64_t groups = round_up(bands, group);
  blocks *= least(round_up(kTasks, images * groups * blocks), round_up(group * floats, kLeastTaskFloats));
  block = round_up(round_up(c, blocks), 16) * 16;
  return {group, groups, block, round_up(c, block)};
}

// Whether the result is too large for the caches, and whether it is stored past them: walks write a vector of each
// pixel, which must be a line. (The walks ask for sixteen lanes again, for the compiler.)
static inline int64_t result_floats(const Pass& pass) {
  return pass.images * pass.rows.result * pass.columns.result * pass.result_c;
}
static inline bool is_large(const Pass& pass) { return result_floats(pass) * 4 >= kStreamFrom; }
static inline bool goes_past(const Pass& pass) {
  return kLanes == 16 && streams(pass.result, result_floats(pass), pass.result_c);
}

// The activations that are too long for registers, on pixels of a row that have just been written.
void activate_row(const Pass& pass, int64_t image, int64_t i, Range pixels, Range channels);

// is_: whether the function does this pass.
bool is_3x3(const Pass& pass);
void depthwise_3x3(const Pass& pass);
bool is_3x3_dx(const Pass& pass);
void depthwise_3x3_dx(const Pass& pass);

}  // namespace ISA
}  // namespace fastcnn
