// y[..., i, ..., j] = x[..., j, ..., i]: the axis i along which x is contiguous and the axis j along which y is make a
// matrix, transposed in tiles of kLanes x kLanes inside registers; the other axes only say where each matrix lies.
// A block of tiles reads and writes runs of a few lines: while it is worked on, the next one is asked for run by run,
// since memory gives a single line here and there slowly. Whole lines of large results go past the caches.
#include "lanes.h"
#include "shape_parts.h"
#include "turn.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kRows = 128, kTaskColumns = 2048;  // of a task
constexpr int64_t kColumns = 64;  // of a block, which is asked for while the one before it is worked on
constexpr int64_t kNarrow = 256;  // columns of which kLanes rows wait on the stack where they are not whole lines of y

// y (rows, columns) with rows `step_y` apart, from x (columns, rows) with rows `step_x` apart; both at most kLanes.
__attribute__((noinline)) void tile(float* y, int64_t step_y, const float* x, int64_t step_x, int rows, int columns,
                                    bool past) {
  vec t[kLanes];
  if (rows == kLanes && columns == kLanes) {
#pragma GCC unroll 16
    for (int j = 0; j < kLanes; j++) t[j] = load(x + j * step_x);
  } else {
#pragma GCC unroll 16
    for (int j = 0; j < kLanes; j++) t[j] = j < columns ? load_first(x + j * step_x, rows) : zero();
  }
  transpose(t);
  if (columns < kLanes) {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++)
      if (i < rows) store_first(y + i * step_y, t[i], columns);
  } else {
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++)
      if (i < rows) put(y + i * step_y, t[i], past);
  }
}

// next: the part of x to ask for meanwhile, run by run: a matrix as large as this one; or null.
void matrix(float* y, int64_t step_y, const float* x, int64_t step_x, int64_t rows, int64_t columns, const float* next,
            bool past) {
  float waiting[kLanes * kNarrow];
  bool waits = past && columns % kLanes && columns <= kNarrow && step_y == columns;
  int64_t block = waits ? columns : next ? kColumns : kLanes, lines = (rows + 15) / 16;
  for (int64_t begin = 0; begin < columns; begin += block) {
    int64_t end = begin + block < columns ? begin + block : columns, line = 0;
    const float* ask = next && end < columns ? x + end * step_x : next;
    for (int64_t i = 0; i < rows; i += kLanes) {
      int high = rows - i < kLanes ? (int)(rows - i) : kLanes;
      float* to = waits ? waiting : y + i * step_y + begin;
      bool direct = past && !waits && (uintptr_t)to % 64 == 0 && step_y % 16 == 0;
      const float* from = x + begin * step_x + i;
      for (int64_t j = begin; j < end; j += kLanes, to += kLanes, from += kLanes * step_x) {
        for (int k = 0; ask && k < kLanes * kLanes / 16; k++) {
          __builtin_prefetch(ask + line * 16, 0, 2);
          if (++line == lines) line = 0, ask += step_x;
        }
        tile(to, waits ? columns : step_y, from, step_x, high, end - j < kLanes ? (int)(end - j) : kLanes, direct);
      }
      if (waits) copy_past(y + i * step_y, waiting, high * columns);
    }
  }
}

// y (c, n) from x (n, c), or the other way around.
void thin(float* y, int64_t step_y, const float* x, int64_t step_x, int64_t n, const Channels& channels, bool into,
          bool past) {
  int c = channels.count;
  int64_t i = 0, ahead = into ? kAhead : kAhead / c * c;
  past &= (uintptr_t)y % 64 == 0 && (into || step_y % 16 == 0);
  for (; i + kLanes <= n; i += kLanes) {
    float* to = into ? y + i * c : y + i;
    const float* from = into ? x + i : x + i * c;
    int64_t next_y = into ? kLanes : step_y, next_x = into ? step_x : kLanes;
    for (int k = 0; k < c; k++) __builtin_prefetch(from + k * next_x + ahead);
    channels.move(to, next_y, from, next_x, past);
  }
  for (; i < n; i++)
    for (int k = 0; k < c; k++) into ? y[i * c + k] = x[k * step_x + i] : y[k * step_y + i] = x[i * c + k];
}

}  // namespace

Channels::Channels(int64_t c, bool into) : count(c <= (into ? kThin : kThinFrom) ? (int)c : 0) {
  const int32_t inverse = 65536 / (int32_t)(count + !count) + 1;
  const ivec lane = lane_numbers();
  for (int to = 0; to < count; to++) {
    ivec flat = into ? lane + to * kLanes : lane * count + to, row = flat / kLanes, column = flat % kLanes;
    if (into) column = flat * inverse >> 16, row = flat - column * count;
    for (int from = 0; from < count; from++) at[to][from] = select(row == isplat(from), column + kLanes, lane);
  }
}
void Channels::move(float* y, int64_t step_y, const float* x, int64_t step_x, bool past) const {
  int c = count;
  vec in[kThin];
  for (int k = 0; k < c; k++) in[k] = load(x + k * step_x);
  for (int to = 0; to < c; to++) {
    vec out = in[0];
    for (int from = 0; from < c; from++) out = __builtin_shuffle(out, in[from], at[to][from]);
    put(y + to * step_y, out, past);
  }
}

void turn(float* y, int64_t pitch, const float* x, int64_t rows, int64_t r, const Channels& channels) {
  if (channels.count)
    thin(y, pitch, x, r, rows, channels, false, false);
  else
    matrix(y, pitch, x, r, r, rows, x + rows * r, false);
}

void transpose(float* y, const float* x, const Nest& nest) {
  int last = nest.rank - 1, across = 0;
  for (int axis = 0; axis < last; axis++)
    if (nest.stride[1][axis] == 1) across = axis;
  int64_t rows = nest.dim[across], columns = nest.dim[last];
  int64_t step_y = nest.stride[0][across], step_x = nest.stride[1][last];
  bool large = nest.size * 4 >= kStreamFrom, past = streams(y, nest.size);
  bool into = columns <= kThin && step_y == columns, from = rows <= kThinFrom && step_x == rows;
  int64_t row_block = into ? kTaskColumns : kRows, column_block = columns <= kNarrow ? columns : kTaskColumns;
  int64_t row_blocks = (rows + row_block - 1) / row_block, column_blocks = (columns + column_block - 1) / column_block;
  int64_t matrices = nest.size / (rows * columns), tasks = matrices * row_blocks * column_blocks;
  int64_t floats = row_block * column_block, grain = floats < kTask ? kTask / floats : 1;
  const Channels channels(into ? columns : from ? rows : 0, into);
  parallel_ranges(tasks, grain, nest.size / 8, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      int64_t column = task % column_blocks * column_block, row = task / column_blocks % row_blocks * row_block;
      int64_t left = task / column_blocks / row_blocks, to = row * step_y + column, at = column * step_x + row;
      for (int axis = last - 1; axis >= 0; axis--) {
        if (axis == across) continue;
        int64_t index = left % nest.dim[axis];
        left /= nest.dim[axis];
        to += index * nest.stride[0][axis];
        at += index * nest.stride[1][axis];
      }
      int64_t high = rows - row < row_block ? rows - row : row_block;
      int64_t wide = columns - column < column_block ? columns - column : column_block;
      if (into || from)
        thin(y + to, step_y, x + at, step_x, into ? high : wide, channels, into, past);
      else
        matrix(y + to, step_y, x + at, step_x, high, wide,
               !large                    ? nullptr
               : column + wide < columns ? x + at + wide * step_x
                                         : x + at + high - column * step_x,
               past);
    }
    stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
