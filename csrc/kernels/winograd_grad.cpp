// The weight gradient of a 3x3 convolution without stride: the forward transform's adjoint,
//
//   dw = G^T [ sum over tiles of (A dy A^T) * (B^T d B) ] G
//
// as 36 products over tiles: m[point][channel][column] += v[point][tile][channel] * g[point][tile][column]. A task owns
// kChannels x kColumns filters, and a chunk of the tiles where filters are few; it transforms blocks of kTiles tiles of
// x and dy and multiplies them while they are in cache. Chunks are added in order. All of this is cut by the shape alone.
#include "conv_parts.h"
#include "pack.h"
#include "runtime/parallel.h"
#include "winograd.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kChannels = 96, kColumns = 128, kTiles = 96;
constexpr int64_t kTasks = 16;

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t align64(int64_t bytes) { return (bytes + 63) / 64 * 64; }
int64_t align16(int64_t floats) { return (floats + 15) / 16 * 16; }

struct Plan {
  Tiles tiles;
  int64_t row_parts, column_parts;
  int64_t channels, columns;  // of a task, multiples of 16
  int64_t chunks, chunk;      // chunks of tiles, and the blocks of one
  int64_t zeros, v, g, m;     // bytes
  explicit Plan(const Conv2d& c) : tiles(c.n, c.oh, c.ow) {
    row_parts = ceil_div(c.c, kChannels), column_parts = ceil_div(c.k, kColumns);
    channels = align16(ceil_div(c.c, row_parts)), columns = align16(ceil_div(c.k, column_parts));
    if (columns > 64) columns = kColumns;  // whole panels
    row_parts = ceil_div(c.c, channels), column_parts = ceil_div(c.k, columns);
    int64_t blocks = ceil_div(tiles.count, kTiles);
    chunks = least(ceil_div(kTasks, row_parts * column_parts), blocks / 2 < 1 ? 1 : blocks / 2);
    chunk = ceil_div(blocks, chunks);
    if (chunk > 0) chunks = ceil_div(blocks, chunk);
    zeros = align64(align16(c.c) * 4);
    v = kPoints * point_stride(kTiles * channels) * 4, m = kPoints * point_stride(channels * columns) * 4;
    g = ceil_div(columns, kPanel) * gradient_panel() * 4;
  }
  static int64_t gradient_panel() { return kPoints * point_stride(kTiles * kPanel); }  // floats
  int64_t own() const { return v + g + m; }
  int64_t partials(const Conv2d& c) const { return chunks > 1 ? chunks * align64(9 * c.c * c.k * 4) : 0; }
};

struct Part {  // what a task owns: channels [c, c + rows), columns [k, k + columns), tiles [first, last)
  int64_t c, rows, k, columns, first, last;
};

void transform_inputs(float* v, const float* x, const float* zeros, const Conv2d& g, const Plan& plan, const Part& part,
                      int64_t first, int64_t count) {
  for (int64_t t = 0; t < count; t++) {
    const float* pixels[kPoints];
    tile_pixels(pixels, x, zeros, g.h, g.w, g.c, plan.tiles.at(first + t), g.top, g.left);
    for (int64_t c = 0; c < part.rows; c += kLanes)
      transform_input(v + t * plan.channels + c, point_stride(kTiles * plan.channels), pixels, part.c + c,
                      (int)least(kLanes, part.rows - c));
  }
}

// A dy A^T, in panels: to[panel][point][tile][width].
void transform_gradients(float* to, const float* dy, const Conv2d& g, const Plan& plan, const Part& part, int64_t first,
                         int64_t count) {
  for (int64_t t = 0; t < count; t++) {
    Tile tile = plan.tiles.at(first + t);
    int rows = (int)least(4, g.oh - tile.i), across = (int)least(4, g.ow - tile.j);
    const float* corner = dy + ((tile.n * g.oh + tile.i) * g.ow + tile.j) * g.k + part.k;
    for (int64_t k = 0; k < part.columns; k += kLanes) {
      int live = (int)least(kLanes, part.columns - k);
      vec half[6][4];
      for (int j = 0; j < 4; j++) {
        vec y[4], o[6];
        for (int i = 0; i < 4; i++)
          y[i] = i < rows && j < across ? load_first(corner + (i * g.ow + j) * g.k + k, live) : zero();
        output_points(y, o);
        for (int i = 0; i < 6; i++) half[i][j] = o[i];
      }
      int64_t panel = k / kPanel;
      int width = panel_width(part.columns - panel * kPanel);
      float* out = to + panel * Plan::gradient_panel() + t * width + k % kPanel;
      for (int i = 0; i < 6; i++) {
        vec o[6];
        output_points(half[i], o);
        for (int j = 0; j < 6; j++) store(out + (i * 6 + j) * point_stride(kTiles * width), o[j]);
      }
    }
  }
}

void multiply(float* m, const float* v, const float* to, const Plan& plan, const Part& part, int64_t count,
              bool accumulate) {
  const float* rows[kChannels];
  float* out[kChannels];
  Finish finish;
  finish.accumulate = accumulate;
  for (int e = 0; e < kPoints; e++)
    for (int64_t k = 0; k < part.columns; k += kPanel) {
      int width = panel_width(part.columns - k);
      for (int64_t c = 0; c < part.rows; c++) {
        rows[c] = v + e * point_stride(kTiles * plan.channels) + c;
        out[c] = m + e * point_stride(plan.channels * plan.columns) + c * plan.columns + k;
      }
      const float* b = to + k / kPanel * Plan::gradient_panel() + e * point_stride(kTiles * width);
      micro_rows({rows, 0, 1, count, plan.channels}, b, width, out, part.rows, width, finish);
    }
}

// dw[r][s][c][k] = G^T m G.
void transform_filters(float* dw, const float* m, const Conv2d& g, const Plan& plan, const Part& part) {
  int64_t point = point_stride(plan.channels * plan.columns);
  for (int64_t c = 0; c < part.rows; c++)
    for (int64_t k = 0; k < part.columns; k += kLanes) {
      int live = (int)least(kLanes, part.columns - k);
      const float* from = m + c * plan.columns + k;
      vec half[3][6];
      for (int j = 0; j < 6; j++) {
        vec d[6], o[3];
        for (int i = 0; i < 6; i++) d[i] = load(from + (i * 6 + j) * point);
        filter_rows(d, o);
        for (int i = 0; i < 3; i++) half[i][j] = o[i];
      }
      for (int i = 0; i < 3; i++) {
        vec o[3];
        filter_rows(half[i], o);
        for (int j = 0; j < 3; j++) store_first(dw + ((i * 3 + j) * g.c + part.c + c) * g.k + part.k + k, o[j], live);
      }
    }
}

}  // namespace

size_t winograd_dw_workspace(const Conv2d& g, int threads) {
  Plan plan(g);
  return (size_t)(plan.zeros + plan.partials(g) + threads * plan.own());
}

void winograd_dw(float* dw, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  Plan plan(g);
  int64_t size = 9 * g.c * g.k, stride = align64(size * 4) / 4;
  if (plan.tiles.count == 0) {
    memset(dw, 0, (size_t)size * 4);
    return;
  }
  float* zeros = (float*)workspace;
  memset(zeros, 0, (size_t)plan.zeros);
  float* partials = plan.chunks > 1 ? (float*)(workspace + plan.zeros) : dw;
  char* own = workspace + plan.zeros + plan.partials(g);
  int team = plan.tiles.count * kPoints * g.c * ceil_div(g.k, kLanes) < kSerialWork ? 1 : threads;
  parallel_tasks(team, plan.row_parts * plan.column_parts * plan.chunks, [&](int64_t task, int thread) {
    int64_t chunk = task % plan.chunks, rest = task / plan.chunks;
    Part part;
    part.c = rest % plan.row_parts * plan.channels, part.rows = least(plan.channels, g.c - part.c);
    part.k = rest / plan.row_parts * plan.columns, part.columns = least(plan.columns, g.k - part.k);
    part.first = chunk * plan.chunk * kTiles, part.last = least(plan.tiles.count, part.first + plan.chunk * kTiles);
    float* v = (float*)(own + thread * plan.own());
    float* to = v + plan.v / 4;
    float* m = to + plan.g / 4;
    for (int64_t first = part.first; first < part.last; first += kTiles) {
      int64_t count = least(kTiles, part.last - first);
      transform_inputs(v, x, zeros, g, plan, part, first, count);
      transform_gradients(to, dy, g, plan, part, first, count);
      multiply(m, v, to, plan, part, count, first > part.first);
    }
    transform_filters(partials + chunk * stride, m, g, plan, part);
  });
  if (plan.chunks > 1) add_partials(dw, partials, size, stride, plan.chunks);
}

}  // namespace ISA
}  // namespace fastcnn
