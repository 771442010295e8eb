// The weight gradient of a 3x3 convolution without stride: the forward transform's adjoint,
//
//   dw = G^T [ sum over tiles of (A dy A^T) * (B^T d B) ] G
//
// as 36 products over tiles: m[point][channel][column] += v[point][tile][channel] * g[point][tile][column]. Tiles come
// in batches whose v and g stay in the shared cache, together with m: first all threads transform the batch, then each
// takes whole points. Where m would be too large, channels are done in parts. All this is cut by the shape alone. db,
// where it is wanted, is summed while dy is transformed: by tasks, by batches, all in order.
#include "conv_parts.h"
#include "pack.h"
#include "runtime/parallel.h"
#include "sizes.h"
#include "winograd.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kSumBytes = int64_t(10) << 20;      // of m, at most
constexpr int64_t kTileBytes = int64_t(10240) << 10;  // of v and g, at most
constexpr int64_t kTaskTiles = 4;

// Rows of which only a strip is read at a time must not lie a power of two apart.
int64_t apart(int64_t floats) { return floats % 128 == 0 ? floats + 16 : floats; }

struct Plan {
  Tiles tiles;
  int64_t channels;             // of a part
  int64_t batch;                // tiles
  int64_t v_row, g_row, m_row;  // floats
  int64_t v_point, g_point, m_point;
  explicit Plan(const Conv2d& c) : tiles(c.n, c.oh, c.ow) {
    int64_t columns = align16(c.k);
    int64_t fit = most(32, kSumBytes / (kPoints * columns * 4)), parts = ceil_div(c.c, fit);
    channels = align16(ceil_div(c.c, parts));
    batch = least(kPointDepth, most(48, kTileBytes / (kPoints * (channels + columns) * 4)));
    int64_t batches = ceil_div(tiles.count, batch);
    batch = batches ? ceil_div(tiles.count, batches) : 0;
    v_row = apart(channels), g_row = apart(columns), m_row = columns;
    v_point = point_stride(batch * v_row), g_point = point_stride(batch * g_row),
    m_point = point_stride(channels * m_row);
  }
  int64_t zeros(const Conv2d& c) const { return align16(c.c) * 4; }
  int64_t bias_sums() const { return (ceil_div(batch, kTaskTiles) + 1) * m_row; }  // floats: of each task, of a batch
  int64_t bytes(const Conv2d& c) const {
    return zeros(c) + (kPoints * (v_point + g_point + m_point) + bias_sums()) * 4;
  }
};

struct Arrays {
  const float* zeros;
  float *v, *g, *m;
  float* bias;  // sums of dy's pixels: of each task, and of the batch
};

void transform_images(const Arrays& to, const float* x, const Conv2d& g, const Plan& plan, int64_t channel,
                      int64_t channels, int64_t tile, int64_t at) {
  const float* pixels[kPoints];
  tile_pixels(pixels, x, to.zeros, g.h, g.w, g.c, plan.tiles.at(tile), g.top, g.left);
  ask_for_tile(pixels, to.zeros, g.c);
  transform_inputs(to.v + at * plan.v_row, plan.v_point, pixels, channel, channels, to.zeros, g.prologue);
}

// A dy A^T of one tile; outputs past the map's edge count as zero. The tile's sum is added to `sums`, if any.
void transform_gradient(const Arrays& to, const float* dy, const Conv2d& g, const Plan& plan, int64_t tile, int64_t at,
                        float* sums) {
  Tile t = plan.tiles.at(tile);
  int rows = (int)least(4, g.oh - t.i), across = (int)least(4, g.ow - t.j);
  const float* pixels[16];
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      pixels[i * 4 + j] = i < rows && j < across ? dy + ((t.n * g.oh + t.i + i) * g.ow + t.j + j) * g.k : nullptr;
  for (int i = 0; i < rows; i++) ask_for_tile(pixels[i * 4], g.k);
  for (int64_t k = 0; k < g.k; k += kLanes) {
    int live = (int)least(kLanes, g.k - k);
    vec half[6][4], sum = zero();
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      vec y[4], o[6];
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++) {
        const float* p = pixels[i * 4 + j];
        y[i] = !p ? zero() : live == kLanes ? load(p + k) : load_first(p + k, live);
      }
      sum += (y[0] + y[1]) + (y[2] + y[3]);
      output_points(y, o);
#pragma GCC unroll 6
      for (int i = 0; i < 6; i++) half[i][j] = o[i];
    }
    if (sums) store(sums + k, load(sums + k) + sum);
    float* out = to.g + at * plan.g_row + k;
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) {
      vec o[6];
      output_points(half[i], o);
#pragma GCC unroll 6
      for (int j = 0; j < 6; j++) store(out + (i * 6 + j) * plan.g_point, o[j]);
    }
  }
}

// Half of one point's product: rows [first, last) of its channels.
void multiply(const Arrays& to, const Conv2d& g, const Plan& plan, int point, int64_t first, int64_t last,
              int64_t tiles, bool accumulate) {
  constexpr int64_t kRows = 96;
  const float* rows[kRows];
  float* out[kRows];
  Finish finish;
  finish.accumulate = accumulate;
  const float* b = to.g + point * plan.g_point;
  for (int64_t k = 0; k < g.k; k += kPanel)
    for (int64_t from = first; from < last; from += kRows) {
      int64_t count = least(kRows, last - from);
      for (int64_t c = 0; c < count; c++) {
        rows[c] = to.v + point * plan.v_point + from + c;
        out[c] = to.m + point * plan.m_point + (from + c) * plan.m_row + k;
      }
      int width = panel_width(g.k - k);
      micro_rows({rows, 0, 1, tiles, plan.v_row}, b + k, plan.g_row, out, count, width, finish);
    }
}

// dw[r][s][channel + c][k] = G^T m G.
void transform_filters(float* dw, const Arrays& from, const Conv2d& g, const Plan& plan, int64_t channel, int64_t c) {
  for (int64_t k = 0; k < g.k; k += kLanes) {
    int live = (int)least(kLanes, g.k - k);
    const float* m = from.m + c * plan.m_row + k;
    vec half[3][6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) {
      vec d[6], o[3];
      for (int i = 0; i < 6; i++) d[i] = load(m + (i * 6 + j) * plan.m_point);
      filter_rows(d, o);
      for (int i = 0; i < 3; i++) half[i][j] = o[i];
    }
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
      vec o[3];
      filter_rows(half[i], o);
      for (int j = 0; j < 3; j++) store_first(dw + ((i * 3 + j) * g.c + channel + c) * g.k + k, o[j], live);
    }
  }
}

// db (+)= the sums of a batch's tasks.
void add_bias(float* db, const Arrays& from, const Conv2d& g, const Plan& plan, int64_t tasks, bool accumulate) {
  add_partials(from.bias + tasks * plan.m_row, from.bias, g.k, plan.m_row, tasks);
  for (int64_t k = 0; k < g.k; k++) {
    float sum = from.bias[tasks * plan.m_row + k];
    db[k] = accumulate ? db[k] + sum : sum;
  }
}

void part_gradient(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, const Plan& plan,
                   const Arrays& arrays, int64_t channel, int team) {
  int64_t channels = least(plan.channels, g.c - channel), halves = (channels + 1) / 2;
  for (int64_t first = 0; first < plan.tiles.count; first += plan.batch) {
    int64_t tiles = least(plan.batch, plan.tiles.count - first), tasks = ceil_div(tiles, kTaskTiles);
    parallel_tasks(team, tasks, [&](int64_t task, int) {
      float* sums = db ? arrays.bias + task * plan.m_row : nullptr;
      if (sums) memset(sums, 0, (size_t)plan.m_row * 4);
      for (int64_t at = task * kTaskTiles; at < least(tiles, (task + 1) * kTaskTiles); at++) {
        transform_images(arrays, x, g, plan, channel, channels, first + at, at);
        transform_gradient(arrays, dy, g, plan, first + at, at, sums);
      }
    });
    parallel_tasks(team, 2 * kPoints, [&](int64_t task, int) {
      int64_t begin = task % 2 * halves;
      multiply(arrays, g, plan, (int)(task / 2), begin, least(channels, begin + halves), tiles, first > 0);
    });
    if (db) add_bias(db, arrays, g, plan, tasks, first > 0);
  }
  parallel_tasks(team, channels, [&](int64_t c, int) { transform_filters(dw, arrays, g, plan, channel, c); });
}

}  // namespace

size_t winograd_dw_workspace(const Conv2d& g, int) { return (size_t)Plan(g).bytes(g); }

void winograd_dw(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  Plan plan(g);
  if (plan.tiles.count == 0) {
    memset(dw, 0, (size_t)(9 * g.c * g.k) * 4);
    if (db) memset(db, 0, (size_t)g.k * 4);
    return;
  }
  memset(workspace, 0, (size_t)plan.zeros(g));
  Arrays arrays{(const float*)workspace, (float*)(workspace + plan.zeros(g)), nullptr, nullptr, nullptr};
  arrays.g = arrays.v + kPoints * plan.v_point;
  arrays.m = arrays.g + kPoints * plan.g_point;
  arrays.bias = arrays.m + kPoints * plan.m_point;
  int team = plan.tiles.count * kPoints * g.c * ceil_div(g.k, 16) < kSerialWork ? 1 : threads;
  for (int64_t channel = 0; channel < g.c; channel += plan.channels)
    part_gradient(dw, channel ? nullptr : db, x, dy, g, plan, arrays, channel, team);
}

}  // namespace ISA
}  // namespace fastcnn
