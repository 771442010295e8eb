// The weight gradient of a 3x3 convolution without stride: the forward transform's adjoint,
//
//   dw = G^T [ sum over tiles of (A dy A^T) * (B^T d B) ] G
//
// as 36 products over tiles: m[point][channel][column] += v[point][tile][channel] * g[point][tile][column]. Where m is
// small, each thread takes chunks of the tiles with an m of its own, a few tiles at a time, all of it in its own cache;
// the chunks' dw are added in order. Otherwise tiles come in batches whose v and g stay in the shared cache, together
// with m: first all threads transform the batch, then each takes whole points; and where m would be too large even for
// that, channels are done in parts. All this is cut by the shape alone. db, where it is wanted, is summed while dy is
// transformed: by tasks, by batches or chunks, all in order.
#include "conv_parts.h"
#include "pack.h"
#include "point_product.h"
#include "runtime/parallel.h"
#include "sizes.h"
#include "winograd_pool.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kSumBytes = int64_t(10) << 20;      // of m, at most
constexpr int64_t kTileBytes = int64_t(10240) << 10;  // of v and g, at most
constexpr int64_t kTaskTiles = 4;
constexpr int64_t kOwnSums = int64_t(320) << 10;   // of m, at most, where each thread has its own
constexpr int64_t kOwnBytes = int64_t(736) << 10;  // of m, v and g then
constexpr int64_t kChunks = 32;                    // of the tiles then, at most

// Rows of which only a strip is read at a time must not lie a power of two apart.
int64_t apart(int64_t floats) { return floats % 128 == 0 ? floats + 16 : floats; }

struct Plan {
  Tiles tiles;
  int64_t channels;             // of a part
  bool own;                     // each thread has its own m
  int64_t batch;                // tiles whose v and g are there together
  int64_t chunks;               // own: sums that are added in the end
  int64_t v_row, g_row, m_row;  // floats
  int64_t v_point, g_point, m_point;
  explicit Plan(const Conv2d& c) : tiles(c.n, c.oh, c.ow) {
    int64_t columns = align16(c.k);
    channels = align16(c.c);
    own = kPoints * channels * columns * 4 <= kOwnSums;
    int64_t tile = kPoints * (channels + columns) * 4;
    if (own) {
      batch = least(64, (kOwnBytes - kPoints * channels * columns * 4) / tile / 4 * 4);
    } else {
      int64_t fit = most(32, kSumBytes / (kPoints * columns * 4)), parts = ceil_div(c.c, fit);
      channels = align16(ceil_div(c.c, parts));
      batch = least(kPointDepth, most(48, kTileBytes / (kPoints * (channels + columns) * 4)));
    }
    int64_t batches = ceil_div(tiles.count, batch);
    chunks = least(kChunks, ceil_div(batches, 8));
    batch = own ? least(batch, tiles.count) : batches ? ceil_div(tiles.count, batches) : 0;
    v_row = apart(channels), g_row = apart(columns), m_row = columns;
    v_point = point_stride(batch * v_row), g_point = point_stride(batch * g_row),
    m_point = point_stride(channels * m_row);
  }
  int64_t zeros(const Conv2d& c) const { return align16(most(c.c, c.k)) * 4; }
  // Floats: of v, g and m; of the sums of each task and of a batch, or of each chunk; of the chunks' dw.
  int64_t arrays() const { return kPoints * (v_point + g_point + m_point); }
  int64_t bias_sums() const { return (own ? chunks : ceil_div(batch, kTaskTiles) + 1) * m_row; }
  int64_t partial(const Conv2d& c) const { return align16(9 * c.c * c.k); }
  int64_t bytes(const Conv2d& c, int threads) const {
    int64_t floats = own ? threads * arrays() + (chunks > 1 ? chunks * partial(c) : 0) : arrays();
    return zeros(c) + (floats + bias_sums()) * 4;
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

// A dy A^T of one vector of columns: out[e * point]. read(y, j) gives the four pixels of column j, whose sum is added
// to `sums`, if any.
template <class Read>
inline __attribute__((always_inline)) void gradient_points(float* out, int64_t point, float* sums, Read read) {
  vec half[6][4], sum = zero();
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    vec y[4], o[6];
    read(y, j);
    sum += (y[0] + y[1]) + (y[2] + y[3]);
    output_points(y, o);
#pragma GCC unroll 6
    for (int i = 0; i < 6; i++) half[i][j] = o[i];
  }
  if (sums) store(sums, load(sums) + sum);
#pragma GCC unroll 6
  for (int i = 0; i < 6; i++) {
    vec o[6];
    output_points(half[i], o);
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) store(out + (i * 6 + j) * point, o[j]);
  }
}

// Where dy is that of the maxima.
void transform_pooled(float* out, const float* zeros, const float* dy, const Conv2d& g, const Plan& plan, Tile t,
                      float* sums) {
  Windows<2> windows({dy, g.winners, g.oh / 2, g.ow / 2, g.k}, zeros, t.n, t.i / 2, t.j / 2);
  windows.ask(g.k);
  for (int64_t k = 0; k < g.k; k += kLanes)
    gradient_points(
        out + k, plan.g_point, sums ? sums + k : nullptr, [&](vec(&y)[4], int j) __attribute__((always_inline)) {
          read_column<0>(y, windows, j, k);
        });
}

// Of one tile; outputs past the map's edge count as zero.
void transform_gradient(const Arrays& to, const float* dy, const Conv2d& g, const Plan& plan, int64_t tile, int64_t at,
                        float* sums) {
  Tile t = plan.tiles.at(tile);
  float* out = to.g + at * plan.g_row;
  if (g.winners) return transform_pooled(out, to.zeros, dy, g, plan, t, sums);
  int rows = (int)least(4, g.oh - t.i), across = (int)least(4, g.ow - t.j);
  const float* pixels[16];
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      pixels[i * 4 + j] = i < rows && j < across ? dy + ((t.n * g.oh + t.i + i) * g.ow + t.j + j) * g.k : nullptr;
  for (int i = 0; i < rows; i++) ask_for_tile(pixels[i * 4], g.k);
  for (int64_t k = 0; k < g.k; k += kLanes) {
    int live = (int)least(kLanes, g.k - k);
    gradient_points(
        out + k, plan.g_point, sums ? sums + k : nullptr, [&](vec(&y)[4], int j) __attribute__((always_inline)) {
#pragma GCC unroll 4
          for (int i = 0; i < 4; i++) {
            const float* p = pixels[i * 4 + j];
            y[i] = !p ? zero() : live == kLanes ? load(p + k) : load_first(p + k, live);
          }
        });
  }
}

// One point's product: rows [first, last) of its channels.
void multiply(const Arrays& to, const Conv2d& g, const Plan& plan, int point, int64_t first, int64_t last,
              int64_t tiles, bool accumulate) {
  const float* v = to.v + point * plan.v_point + first;
  float* m = to.m + point * plan.m_point + first * plan.m_row;
  for (int64_t k = 0; k < g.k; k += kPanel)
    point_product({v, 1, plan.v_row, to.g + point * plan.g_point + k, plan.g_row, m + k, plan.m_row, tiles, accumulate},
                  last - first, panel_width(g.k - k));
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
    int64_t runs = least(tasks, 8 * team);  // what a thread takes at a time: it asks for tiles of its own then
    parallel_tasks(team, runs, [&](int64_t run, int) {
      for (int64_t task = tasks * run / runs; task < tasks * (run + 1) / runs; task++) {
        float* sums = db ? arrays.bias + task * plan.m_row : nullptr;
        if (sums) memset(sums, 0, (size_t)plan.m_row * 4);
        for (int64_t at = task * kTaskTiles; at < least(tiles, (task + 1) * kTaskTiles); at++) {
          transform_images(arrays, x, g, plan, channel, channels, first + at, at);
          transform_gradient(arrays, dy, g, plan, first + at, at, sums);
        }
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

// dw of tiles [first, last), and their sum of dy.
void chunk_gradient(float* dw, float* sums, const float* x, const float* dy, const Conv2d& g, const Plan& plan,
                    const Arrays& arrays, int64_t first, int64_t last) {
  if (sums) memset(sums, 0, (size_t)plan.m_row * 4);
  int64_t blocks = ceil_div(last - first, plan.batch);
  for (int64_t b = 0; b < blocks; b++) {
    int64_t begin = first + (last - first) * b / blocks, tiles = first + (last - first) * (b + 1) / blocks - begin;
    for (int64_t at = 0; at < tiles; at++) {
      transform_images(arrays, x, g, plan, 0, g.c, begin + at, at);
      transform_gradient(arrays, dy, g, plan, begin + at, at, sums);
    }
    int64_t next = begin + tiles, until = least(last, next + tiles);
    int64_t pooled = g.n * (g.oh / 2) * (g.ow / 2) * g.k, size = g.winners ? pooled : g.n * g.oh * g.ow * g.k;
    TilesAhead of_x(x, g.n * g.h * g.w * g.c, plan.tiles, next, until), of_dy(dy, size, plan.tiles, next, until),
        of_winners(g.winners, pooled, plan.tiles, next, until);
    for (int point = 0; point < kPoints; point++) {
      of_x.ask(), of_dy.ask(), of_winners.ask();
      multiply(arrays, g, plan, point, 0, g.c, tiles, b > 0);
    }
  }
  for (int64_t c = 0; c < g.c; c++) transform_filters(dw, arrays, g, plan, 0, c);
}

void gradient_by_chunks(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, const Plan& plan,
                        const Arrays& arrays, float* partials, int team) {
  parallel_tasks(team, plan.chunks, [&](int64_t task, int thread) {
    Arrays own = arrays;
    own.v += thread * plan.arrays(), own.g += thread * plan.arrays(), own.m += thread * plan.arrays();
    chunk_gradient(plan.chunks > 1 ? partials + task * plan.partial(g) : dw,
                   db ? arrays.bias + task * plan.m_row : nullptr, x, dy, g, plan, own,
                   plan.tiles.count * task / plan.chunks, plan.tiles.count * (task + 1) / plan.chunks);
  });
  if (plan.chunks > 1) add_partials(dw, partials, 9 * g.c * g.k, plan.partial(g), plan.chunks);
  if (db) add_partials(db, arrays.bias, g.k, plan.m_row, plan.chunks);
}

}  // namespace

size_t winograd_dw_workspace(const Conv2d& g, int threads) { return (size_t)Plan(g).bytes(g, threads); }

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
  arrays.bias = arrays.v + (plan.own ? threads : 1) * plan.arrays();
  int team = plan.tiles.count * kPoints * g.c * ceil_div(g.k, 16) < kSerialWork ? 1 : threads;
  if (plan.own) return gradient_by_chunks(dw, db, x, dy, g, plan, arrays, arrays.bias + plan.bias_sums(), team);
  for (int64_t channel = 0; channel < g.c; channel += plan.channels)
    part_gradient(dw, channel ? nullptr : db, x, dy, g, plan, arrays, channel, team);
}

}  // namespace ISA
}  // namespace fastcnn
