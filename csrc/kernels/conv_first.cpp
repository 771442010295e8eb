// A first layer's forward pass: windows of so few floats that finding them must cost next to nothing. Pixels of a row
// lie at one distance from each other, so a tile of them needs one pointer for each step of the sum, and those are the
// same for the whole row. Rows of x that leave it at a side, or whole, are copied with their zeros, a few at a time.
//
// The sum is one chain along (r, s, c), as gather.cpp's is, and has its bits.
#include "conv_parts.h"
#include "gather.h"
#include "pack.h"
#include "runtime/shares.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kTaskWork = 1 << 16;  // vector operations: a row of a large image, or threads end apart

struct Row {
  const float* const* at;  // of each step of the sum: where the row's first pixel reads
  int64_t depth, step;     // floats from what a pixel reads to what the next one does
  float* y;
  int64_t pixel;  // floats
  Finish finish;
};

// MR pixels from `first` on, in one panel of NV vectors.
template <int MR, int NV>
void pixels_tile(const Row& row, const float* b, int64_t first, int64_t column) {
  vec acc[MR][NV];
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) acc[i][j] = zero();
  int64_t step = row.step, shift = first * step;
  for (const float *const *at = row.at, *const *end = at + row.depth; at != end; at++, b += NV * kLanes) {
    const float* p = *at + shift;
    vec filter[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++) filter[j] = load(b + j * kLanes);
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] = fma(splat(p[i * step]), filter[j], acc[i][j]);
  }
  const Finish& f = row.finish;
  float* y = row.y + first * row.pixel + column;
#pragma GCC unroll 4
  for (int j = 0; j < NV; j++) {
    vec bias = f.bias ? load(f.bias + column + j * kLanes) : splat(-0.0f);  // which changes nothing
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++) acc[i][j] += bias;
  }
  if (f.clamp)
#pragma GCC unroll 6
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 4
      for (int j = 0; j < NV; j++) acc[i][j] = min(splat(f.high), max(splat(f.low), acc[i][j]));
#pragma GCC unroll 6
  for (int i = 0; i < MR; i++, y += row.pixel)
#pragma GCC unroll 4
    for (int j = 0; j < NV; j++)
      if (f.stream)
        stream(y + j * kLanes, acc[i][j]);
      else
        store(y + j * kLanes, acc[i][j]);
}

template <int NV>
void panel_of_row(const Row& row, const float* b, int64_t pixels, int64_t column) {
  int64_t groups = ceil_div(pixels, kTileRows), whole = pixels - groups * (kTileRows - 1), first = 0;
  for (; first < whole * kTileRows; first += kTileRows) pixels_tile<kTileRows, NV>(row, b, first, column);
  for (; first < pixels; first += kTileRows - 1) pixels_tile<kTileRows - 1, NV>(row, b, first, column);
}

// What a thread keeps of x from task to task: the rows that an output row's windows see, in the order of their numbers.
class Lines {
 public:
  Lines(const Conv2d& g, char* memory)
      : g_(g),
        copies_(g.left > 0 || reach_w(g) - g.left > g.w),
        floats_(align16(reach_w(g) * g.c)),
        held_((int64_t*)memory),
        lines_((float*)(memory + align64((g.kh + 1) * 8))) {}
  static int64_t bytes(const Conv2d& g) { return align64((g.kh + 1) * 8) + (g.kh + 1) * align16(reach_w(g) * g.c) * 4; }
  // Before a thread's first task, by any thread; and in each task.
  void forget() { held_[g_.kh] = 0; }
  void begin() {
    if (held_[g_.kh]) return;
    held_[g_.kh] = 1;
    for (int64_t i = 0; i < g_.kh; i++) held_[i] = -1;
    memset(lines_, 0, (size_t)((g_.kh + 1) * floats_) * 4);
  }
  // Row a of image n, from the first column that a window sees.
  const float* line(const float* x, int64_t n, int64_t a) {
    if (a < 0 || a >= g_.h) return lines_ + g_.kh * floats_;
    const float* from = x + (n * g_.h + a) * g_.w * g_.c;
    if (!copies_) return from;
    int64_t number = n * g_.h + a, place = a % g_.kh;
    float* to = lines_ + place * floats_;
    if (held_[place] != number) {
      int64_t left = least(g_.left, reach_w(g_)), live = least(g_.w, reach_w(g_) - left);
      memcpy(to + left * g_.c, from, (size_t)(most(0, live) * g_.c) * 4);
      held_[place] = number;
    }
    return to;
  }

 private:
  const Conv2d& g_;
  bool copies_;
  int64_t floats_;
  int64_t* held_;
  float* lines_;  // and one of zeros
};

int64_t filter_bytes(const Conv2d& g) { return align64(gather_packed_floats(g.kh, g.kw * g.c, g.k) * 4); }
int64_t own_bytes(const Conv2d& g) { return align64(g.kh * g.kw * g.c * 8) + align64(Lines::bytes(g)); }

}  // namespace

// Rows long enough to be cut into tiles of kTileRows and one less, panels that are full or half full, one block of the
// sum.
bool takes_first(const Conv2d& g) {
  int64_t groups = ceil_div(g.ow, kTileRows);
  return by_rows(g) && g.dilation_h == 1 && g.k % (kPanel / 2) == 0 && g.kh * g.kw * g.c <= kDepth &&
         g.ow >= groups * (kTileRows - 1);
}

size_t first_workspace(const Conv2d& g, int threads) { return (size_t)(filter_bytes(g) + threads * own_bytes(g)); }

void first_forward(float* y, const float* x, const float* filter, const Conv2d& g, const fastcnn_epilogue& e,
                   char* workspace, int threads) {
  int64_t depth = g.kh * g.kw * g.c, rows = g.n * g.oh;
  int team = rows * g.ow * (depth + g.kh) * panel_count(g.k) * kTileVectors / 2 < kSerialWork ? 1 : threads;
  float* packed = (float*)workspace;
  char* own = workspace + filter_bytes(g);
  if (!g.prepared)
    for (int64_t column = 0; column < g.k; column += kPanel)
      pack_rows(packed + column * depth, filter + column, g.k, depth, (int)least(kPanel, g.k - column));
  const float* panels = g.prepared ? g.prepared : packed;
  Finish finish;
  finish_with(e, &finish);
  finish.bias = e.bias;
  finish.stream = streams(y, rows * g.ow * g.k, g.k) && g.y_pixel % 16 == 0;
  const int64_t work = rows * g.ow * depth * panel_count(g.k) * kTileVectors;
  const int64_t tasks = least(rows, most(8, work / (finish.stream ? 4 * kTaskWork : kTaskWork) / team) * team);
  auto memory_of = [&](int64_t thread) { return own + thread * own_bytes(g); };
  auto lines_of = [&](int64_t thread) { return Lines(g, memory_of(thread) + align64(depth * 8)); };
  for (int i = 0; i < team; i++) lines_of(i).forget();
  parallel_shares(team, tasks, [&](int64_t task, int thread) {
    const float** at = (const float**)memory_of(thread);
    Lines lines = lines_of(thread);
    lines.begin();
    for (int64_t r = rows * task / tasks; r < rows * (task + 1) / tasks; r++) {
      int64_t n = r / g.oh, a = r % g.oh * g.stride_h - g.top, run = g.kw * g.c;
      for (int64_t tap = 0; tap < g.kh; tap++) {
        const float* line = lines.line(x, n, a + tap);
        for (int64_t p = 0; p < run; p++) at[tap * run + p] = line + p;
      }
      Row row{at, depth, g.stride_w * g.c, y + r * g.ow * g.y_pixel, g.y_pixel, finish};
      for (int64_t column = 0; column < g.k; column += kPanel)
        if (g.k - column >= kPanel)
          panel_of_row<kTileVectors>(row, panels + column * depth, g.ow, column);
        else
          panel_of_row<kTileVectors / 2>(row, panels + column * depth, g.ow, column);
    }
    if (finish.stream) stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
