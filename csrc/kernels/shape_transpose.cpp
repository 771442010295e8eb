// y[..., i, ..., j] = x[..., j, ..., i]: the axis i along which x is contiguous and the axis j along which y is make a
// matrix, transposed in tiles of kLanes x kLanes inside registers; the other axes only say where each matrix lies. A
// task is kRows rows of y in full, so that y is written line after line and each line of x that is read is used up.
#include "shape_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kRows = 64;
constexpr int64_t kThin = 4;  // a matrix this thin is copied number by number: a tile would be mostly empty

// Exchanges the blocks of kStep x kStep that lie off the diagonal in every block of 2 kStep x 2 kStep.
template <int kStep>
void exchange(vec* t) {
  ivec low{}, high{};
  for (int lane = 0; lane < kLanes; lane++) {
    low[lane] = lane & kStep ? kLanes + lane - kStep : lane;
    high[lane] = lane & kStep ? kLanes + lane : lane + kStep;
  }
#pragma GCC unroll 16
  for (int row = 0; row < kLanes; row++) {
    if (row & kStep) continue;
    vec a = t[row], b = t[row + kStep];
    t[row] = __builtin_shuffle(a, b, low);
    t[row + kStep] = __builtin_shuffle(a, b, high);
  }
}

inline __attribute__((always_inline)) void exchange_all(vec* t) {
  exchange<1>(t);
  exchange<2>(t);
  if constexpr (kLanes > 4) exchange<4>(t);
  if constexpr (kLanes > 8) exchange<8>(t);
}

// y (rows, columns) with rows `step_y` apart, from x (columns, rows) with rows `step_x` apart; both at most kLanes.
void tile(float* y, int64_t step_y, const float* x, int64_t step_x, int rows, int columns) {
  vec t[kLanes];
  if (rows == kLanes && columns == kLanes) {
#pragma GCC unroll 16
    for (int j = 0; j < kLanes; j++) t[j] = load(x + j * step_x);
    exchange_all(t);
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++) store(y + i * step_y, t[i]);
    return;
  }
  for (int j = 0; j < kLanes; j++) t[j] = j < columns ? load_first(x + j * step_x, rows) : zero();
  exchange_all(t);
  for (int i = 0; i < rows; i++) store_first(y + i * step_y, t[i], columns);
}

void matrix(float* y, int64_t step_y, const float* x, int64_t step_x, int64_t rows, int64_t columns) {
  if (columns <= kThin) {
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < columns; j++) y[i * step_y + j] = x[j * step_x + i];
    return;
  }
  for (int64_t j = 0; j < columns; j += kLanes) {
    int wide = columns - j < kLanes ? (int)(columns - j) : kLanes;
    for (int64_t i = 0; i < rows; i += kLanes)
      tile(y + i * step_y + j, step_y, x + j * step_x + i, step_x, rows - i < kLanes ? (int)(rows - i) : kLanes, wide);
  }
}

// x has few numbers in a row (NHWC images to NCHW): y row by row, reading along.
void thin_rows(float* y, int64_t step_y, const float* x, int64_t step_x, int64_t rows, int64_t columns) {
  for (int64_t j = 0; j < columns; j++)
    for (int64_t i = 0; i < rows; i++) y[i * step_y + j] = x[j * step_x + i];
}

}  // namespace

void transpose(float* y, const float* x, const Nest& nest) {
  int last = nest.rank - 1, across = 0;
  for (int axis = 0; axis < last; axis++)
    if (nest.stride[1][axis] == 1) across = axis;
  int64_t rows = nest.dim[across], columns = nest.dim[last];
  int64_t step_y = nest.stride[0][across], step_x = nest.stride[1][last];
  bool thin = rows <= kThin;
  // A task: kRows rows, or where there are few rows a long piece of them.
  int64_t row_block = thin ? rows : kRows, column_block = thin ? 2048 : columns;
  int64_t row_blocks = (rows + row_block - 1) / row_block, column_blocks = (columns + column_block - 1) / column_block;
  int64_t matrices = nest.size / (rows * columns), tasks = matrices * row_blocks * column_blocks;
  int64_t floats = row_block * column_block, grain = floats < kTask ? kTask / floats : 1;
  parallel_ranges(tasks, grain, nest.size / 8, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; task++) {
      int64_t column = task % column_blocks * column_block, row = task / column_blocks % row_blocks * row_block;
      int64_t left = task / column_blocks / row_blocks, to = row * step_y + column, from = column * step_x + row;
      for (int axis = last - 1; axis >= 0; axis--) {
        if (axis == across) continue;
        int64_t index = left % nest.dim[axis];
        left /= nest.dim[axis];
        to += index * nest.stride[0][axis];
        from += index * nest.stride[1][axis];
      }
      int64_t high = rows - row < row_block ? rows - row : row_block;
      int64_t wide = columns - column < column_block ? columns - column : column_block;
      (thin ? thin_rows : matrix)(y + to, step_y, x + from, step_x, high, wide);
    }
  });
}

}  // namespace ISA
}  // namespace fastcnn
