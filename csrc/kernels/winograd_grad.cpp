// The weight gradient of a 3x3 convolution without stride: the forward transform's adjoint,
//
//   dw = G^T [ sum over tiles of (A dy A^T) * (B^T d B) ] G
//
// as 36 products over tiles: m[point][channel][column] += v[point][tile][channel] * g[point][tile][column]. Where m is
// small, each thread takes chunks of the tiles with an m of its own, a few tiles at a time, all of it in its own cache;
// the chunks' dw are added in order. Otherwise tiles come in batches whose v and g stay in the shared cache, together
// with m: first all threads transform the batch, then each takes whole points; and where m would be too large even for
// that, channels are done in parts. Where one batch is all, there is no such m: each thread takes blocks of channels
// and columns, whose sums for all points stay in its own cache until they are transformed. Of a few tiles there is no m
// at all (winograd_grad_few.cpp). All this is cut by the shape alone, but for the blocks, which change no sum. Tiles at
// a map's edges do without some points (winograd_tiles.h), where batches are whole images. db, where it is wanted, is
// summed while dy is transformed: by tasks, by batches or chunks, all in order.
#include "conv_parts.h"
#include "lanes.h"
#include "pack.h"
#include "point_product.h"
#include "runtime/parallel.h"
#include "sizes.h"
#include "winograd_dy.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kSumBytes = int64_t(10) << 20;      // of m, at most
constexpr int64_t kTileBytes = int64_t(10240) << 10;  // of v and g, at most
constexpr int64_t kTaskTiles = 4;
constexpr int64_t kBlock = 64;                      // channels whose m, of a panel, stays in a core's own cache
constexpr int64_t kBlockBytes = int64_t(20) << 20;  // of v and g then, at most
constexpr int64_t kOwnSums = int64_t(640) << 10;    // of m, at most, where each thread has its own
constexpr int64_t kOwnBytes = int64_t(896) << 10;   // of m, v and g then
constexpr int64_t kOwnTiles = 32;                   // of v and g, at most
constexpr int64_t kChunks = 32;                     // of the tiles then, at most

// Rows of which only a strip is read at a time must not lie a power of two apart.
int64_t apart(int64_t floats) { return floats % 128 == 0 ? floats + 16 : floats; }

enum class Way {
  few,     // tiles: there is no m
  chunks,  // of tiles: each thread has its own m
  blocks,  // of channels and panels of columns: each thread has m of one
  parts    // of the channels: one m for all
};

struct Plan {
  Tiles tiles;
  Way way;
  int64_t channels;             // of a part, or a block
  int64_t batch;                // tiles whose v and g are there together
  int64_t chunks;               // sums that are added in the end
  int64_t v_row, g_row, m_row;  // floats
  int64_t v_point, g_point, m_point;
  int64_t vector;            // from one of channels or columns to the next
  int64_t v_block, g_panel;  // by blocks: from one of them to the next
  __attribute__((noinline)) Plan(const Conv2d& c, int threads) : tiles(c.n, c.oh, c.ow), channels(align16(c.c)) {
    int64_t columns = align16(c.k), tile = kPoints * (channels + columns) * 4;
    int64_t sums = kPoints * channels * columns * 4;
    way = kLanes >= kFewLanes && tiles.count <= kFewestTiles                ? Way::few
          : sums <= kOwnSums                                                ? Way::chunks
          : tiles.count <= kPointDepth && tiles.count * tile <= kBlockBytes ? Way::blocks
                                                                            : Way::parts;
    vector = kLanes, m_row = columns, v_block = g_panel = chunks = 0;
    batch = tiles.count;
    if (way == Way::few) {
      vector = batch * kPoints * kLanes;
      v_row = g_row = kPoints * kLanes, v_point = g_point = kLanes, m_point = 0;
    } else if (way == Way::chunks) {
      int64_t fit = least(kOwnTiles, (kOwnBytes - sums) / tile / 4 * 4);
      chunks = least(kChunks, ceil_div(ceil_div(batch, fit), fit < kOwnTiles ? 4 : 8));
      batch = least(fit, batch);
    } else if (way == Way::blocks) {
      channels = kBlock;
      while (channels > kLanes && blocks(c) * panel_count(c.k) < 4 * threads) channels /= 2;
    } else {
      int64_t fit = most(32, kSumBytes / (kPoints * columns * 4)), parts = ceil_div(c.c, fit);
      channels = align16(ceil_div(c.c, parts));
      fit = least(kPointDepth, most(48, kTileBytes / (kPoints * (channels + columns) * 4)));
      batch = batch ? ceil_div(batch, ceil_div(batch, fit)) : 0;
    }
    if (sums > kOwnSums) plan_sets(c);
    if (way == Way::few) return;
    bool by_blocks = way == Way::blocks;
    v_row = by_blocks ? channels : apart(channels), g_row = by_blocks ? kPanel : apart(columns);
    v_point = point_stride(batch * v_row), g_point = point_stride(batch * g_row),
    m_point = point_stride(channels * (by_blocks ? kPanel : m_row));
    if (by_blocks) v_block = kPoints * v_point, g_panel = kPoints * g_point;
  }
  // Batches of whole images, where these have tiles that do without some points.
  void plan_sets(const Conv2d& c) {
    int64_t image = tiles.down * tiles.across, images = image ? batch / image : 0;
    if (images == 0 || (c.oh % 4 == 0 && c.ow % 4 == 0)) return;
    images = ceil_div(c.n, ceil_div(c.n, images)), batch = images * image;
    tiles.sort(c.oh, c.ow, images);
  }
  int64_t zeros(const Conv2d& c) const { return align16(most(c.c, c.k)) * 4; }
  // Floats: of v, g and m; of the sums of each task and of a batch, or of each chunk; of the chunks' dw.
  int64_t few_floats(int64_t channels) const { return ceil_div(channels, kLanes) * vector; }
  int64_t arrays() const { return kPoints * (v_point + g_point + m_point); }
  int64_t blocks(const Conv2d& c) const { return ceil_div(c.c, channels); }
  int64_t shared(const Conv2d& c) const { return blocks(c) * v_block + panel_count(c.k) * g_panel; }
  int64_t bias_sums() const { return (way == Way::chunks ? chunks : ceil_div(batch, kTaskTiles) + 1) * m_row; }
  int64_t partial(const Conv2d& c) const { return align16(9 * c.c * c.k); }
  int64_t bytes(const Conv2d& c, int threads) const {
    if (way == Way::few) return zeros(c) + (few_floats(c.c) + few_floats(c.k) + tiles.count * m_row) * 4;
    int64_t floats = arrays();
    if (way == Way::blocks) floats = shared(c) + threads * kPoints * m_point;
    if (way == Way::chunks) floats = threads * arrays() + (chunks > 1 ? chunks * partial(c) : 0);
    return zeros(c) + (floats + bias_sums()) * 4;
  }
};

struct Arrays {
  const float* zeros;
  float *v, *g, *m;
  float* bias;  // sums of dy's pixels: of each task, and of the batch
};

// v and g of tiles [first, first + tiles), from place `at` on. What the next tile will be the first to see of x is
// asked for while one is transformed.
__attribute__((noinline)) void transform_tiles(const Arrays& to, const float* x, const OutputGradient& dy,
                                               const Conv2d& g, const Plan& plan, int64_t channel, int64_t channels,
                                               int64_t first, int64_t tiles, int64_t at, float* sums) {
  const float* pixels[2][kPoints];
  Tile tile = plan.tiles.at(first);
  tile_pixels(pixels[0], x, to.zeros, g.h, g.w, g.c, tile, g.top, g.left);
  for (int64_t i = 0; i < tiles; i++, at++) {
    Tile next = tile;
    plan.tiles.advance(next);
    if (next.n < g.n) {
      const float*(&ahead)[kPoints] = pixels[(i + 1) % 2];
      tile_pixels(ahead, x, to.zeros, g.h, g.w, g.c, next, g.top, g.left);
      for (int e = 0; e < kPoints; e++)
        if (ahead[e] != to.zeros && (next.j == 0 || e % 6 > 1))
          for (int64_t c = channel; c < channel + channels; c += 16) __builtin_prefetch(ahead[e] + c);
    }
    int64_t block = plan.way == Way::blocks ? plan.channels : channels;
    float* v = to.v + at * plan.v_row;
    for (int64_t from = channel; from < channel + channels; from += block, v += plan.v_block)
      transform_inputs(v, plan.v_point, pixels[i % 2], from, least(block, channel + channels - from), to.zeros,
                       g.prologue, plan.vector);
    transform_gradient(to.g + at * plan.g_row, plan.g_point, plan.vector, plan.g_panel ? plan.g_panel - kPanel : 0, dy,
                       tile, sums, true);
    tile = next;
  }
}

// One point's product: rows [first, last) of its channels. Its sums lie in panels of columns, row after row, so that
// the next tile's are what follows: where they are not in the core's own cache, they are asked for meanwhile.
void multiply(const Arrays& to, const Conv2d& g, const Plan& plan, int point, int64_t first, int64_t last, int64_t tile,
              int64_t tiles, bool accumulate, Asked ask) {
  Run run = plan.tiles.whole() ? Run{tile, tile + tiles} : plan.tiles.run_of(point, tile, tile + tiles);
  tiles = run.end - run.begin;
  if (tiles <= 0 && accumulate) return;
  const float *v = to.v + point * plan.v_point + (run.begin - tile) * plan.v_row + first,
              *b = to.g + point * plan.g_point + (run.begin - tile) * plan.g_row;
  for (int64_t k = 0; k < g.k; k += kPanel, ask = {}) {
    int width = panel_width(g.k - k);
    float* m = to.m + point * plan.m_point + k * plan.channels + first * width;
    if (plan.way == Way::parts && accumulate)
      ask = {(const char*)(m + kTileRows * width), ceil_div(kTileRows * width * 4, tiles)};
    point_product({v, 1, plan.v_row, b + k, plan.g_row, m, width, most(0, tiles), accumulate, ask}, last - first,
                  width);
  }
}

// dw[r][s][0][k] = G^T m G of one channel and `columns` columns.
__attribute__((noipa)) void transform_filter(float* dw, const Conv2d& g, const float* m, int64_t m_point,
                                             int64_t columns, bool past) {
  int64_t row = 6 * m_point, tap = g.c * g.k;
  for (int64_t k = 0; k < columns; k += kLanes, m += kLanes, dw += kLanes) {
    vec half[3][6];
    const float* column = m;
#pragma GCC unroll 6
    for (int j = 0; j < 6; j++) {
      vec d[6], o[3];
#pragma GCC unroll 6
      for (int i = 0; i < 6; i++) d[i] = load(column + i * row);
      filter_rows(d, o);
#pragma GCC unroll 3
      for (int i = 0; i < 3; i++) half[i][j] = o[i];
      forget(column += m_point);
    }
    float* to = dw;
    int live = past ? 0 : (int)least(kLanes, columns - k);
#pragma GCC unroll 3
    for (int i = 0; i < 3; i++) {
      vec o[3];
      filter_rows(half[i], o);
#pragma GCC unroll 3
      for (int j = 0; j < 3; j++) {
        if (live == 0)
          stream(to, o[j]);
        else
          store_first(to, o[j], live);
        forget(to += tap);
      }
    }
  }
}

// The same of all columns of a part's channel.
void transform_filters(float* dw, const Arrays& from, const Conv2d& g, const Plan& plan, int64_t channel, int64_t c) {
  for (int64_t k = 0; k < g.k; k += kPanel)
    transform_filter(dw + (channel + c) * g.k + k, g, from.m + k * plan.channels + c * panel_width(g.k - k),
                     plan.m_point, least(kPanel, g.k - k), false);
}

// db (+)= the sums of a batch's tasks.
void add_bias(float* db, const Arrays& from, const Conv2d& g, const Plan& plan, int64_t tasks, bool accumulate) {
  add_partials(from.bias + tasks * plan.m_row, from.bias, g.k, plan.m_row, tasks);
  for (int64_t k = 0; k < g.k; k++) {
    float sum = from.bias[tasks * plan.m_row + k];
    db[k] = accumulate ? db[k] + sum : sum;
  }
}

// v and g of a batch of tiles, from `first` on, and their sum of dy.
void transform_batch(float* db, const float* x, const OutputGradient& dy, const Conv2d& g, const Plan& plan,
                     const Arrays& arrays, int64_t channel, int64_t channels, int64_t first, int64_t tiles, int team) {
  int64_t tasks = ceil_div(tiles, kTaskTiles);
  int64_t runs = least(tasks, 8 * team);  // what a thread takes at a time: it asks for tiles of its own then
  parallel_tasks(team, runs, [&](int64_t run, int) {
    for (int64_t task = tasks * run / runs; task < tasks * (run + 1) / runs; task++) {
      float* sums = db ? arrays.bias + task * plan.m_row : nullptr;
      if (sums) memset(sums, 0, (size_t)plan.m_row * 4);
      int64_t at = task * kTaskTiles;
      transform_tiles(arrays, x, dy, g, plan, channel, channels, first + at, least(kTaskTiles, tiles - at), at, sums);
    }
  });
  if (db) add_bias(db, arrays, g, plan, tasks, first > 0);
}

void part_gradient(float* dw, float* db, const float* x, const OutputGradient& dy, const Conv2d& g, const Plan& plan,
                   const Arrays& arrays, int64_t channel, int team) {
  int64_t channels = least(plan.channels, g.c - channel), halves = (channels + 1) / 2;
  for (int64_t first = 0; first < plan.tiles.count; first += plan.batch) {
    int64_t tiles = least(plan.batch, plan.tiles.count - first);
    transform_batch(db, x, dy, g, plan, arrays, channel, channels, first, tiles, team);
    parallel_tasks(team, 2 * kPoints, [&](int64_t task, int) {
      int64_t begin = task % 2 * halves;
      multiply(arrays, g, plan, (int)(task / 2), begin, least(channels, begin + halves), first, tiles, first > 0, {});
    });
  }
  parallel_tasks(team, channels, [&](int64_t c, int) { transform_filters(dw, arrays, g, plan, channel, c); });
}

// All products of a block of channels and a panel of columns, whose sums stay in the core's own cache, and their
// filters. Meanwhile v and g of the next point are asked for.
void block_gradient(float* dw, const Arrays& from, float* m, const Conv2d& g, const Plan& plan, int64_t block,
                    int64_t panel, bool past) {
  const float *v = from.v + block * plan.v_block, *b = from.g + panel * plan.g_panel;
  int64_t channel = block * plan.channels, channels = least(plan.channels, g.c - channel), k = panel * kPanel;
  int width = panel_width(g.k - k);
  Asked ask{nullptr, ceil_div(plan.channels * 4, ceil_div(channels, kTileRows))};
  for (int point = 0; point < kPoints; point++, v += plan.v_point, b += plan.g_point) {
    Run run = plan.tiles.run_of(point, 0, plan.tiles.count);
    ask.at = (const char*)(v + plan.v_point);
    point_product(
        {v + run.begin * plan.v_row, 1, plan.v_row, b + run.begin * plan.g_row, plan.g_row, m + point * plan.m_point,
         width, most(0, run.end - run.begin), false, ask, (const char*)(b + plan.g_point) - ask.at},
        channels, width);
  }
  for (int64_t c = 0; c < channels; c++)
    transform_filter(dw + (channel + c) * g.k + k, g, m + c * width, plan.m_point, least(kPanel, g.k - k), past);
  if (past) stream_fence();
}

void gradient_by_blocks(float* dw, float* db, const float* x, const OutputGradient& dy, const Conv2d& g,
                        const Plan& plan, const Arrays& arrays, int team) {
  transform_batch(db, x, dy, g, plan, arrays, 0, g.c, 0, plan.tiles.count, team);
  int64_t blocks = plan.blocks(g);
  bool past = streams(dw, 9 * g.c * g.k, g.k);
  parallel_tasks(team, blocks * panel_count(g.k), [&](int64_t task, int thread) {
    block_gradient(dw, arrays, arrays.m + thread * kPoints * plan.m_point, g, plan, task % blocks, task / blocks, past);
  });
}

// dw of tiles [first, last), and their sum of dy.
void chunk_gradient(float* dw, float* sums, const float* x, const OutputGradient& dy, const Conv2d& g, const Plan& plan,
                    const Arrays& arrays, int64_t first, int64_t last) {
  if (sums) memset(sums, 0, (size_t)plan.m_row * 4);
  int64_t blocks = ceil_div(last - first, plan.batch);
  for (int64_t b = 0; b < blocks; b++) {
    int64_t begin = first + (last - first) * b / blocks, tiles = first + (last - first) * (b + 1) / blocks - begin;
    transform_tiles(arrays, x, dy, g, plan, 0, g.c, begin, tiles, 0, sums);
    int64_t next = begin + tiles, until = least(last, next + tiles);
    RunsAhead ahead;
    ahead.add({x, g.h, g.w, 4 * g.c, 4, 2 - g.top, 2 - g.left}, plan.tiles, next, until);
    dy.ask(ahead, plan.tiles, next, until);
    int64_t steps = ceil_div(g.c, kTileRows) * tiles;
    for (int point = 0; point < kPoints; point++)
      multiply(arrays, g, plan, point, 0, g.c, begin, tiles, b > 0, ahead.ask(steps));
  }
  for (int64_t c = 0; c < g.c; c++) transform_filters(dw, arrays, g, plan, 0, c);
}

void gradient_by_chunks(float* dw, float* db, const float* x, const OutputGradient& dy, const Conv2d& g,
                        const Plan& plan, const Arrays& arrays, float* partials, int team) {
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

// Each tile's sum of dy is a task's.
void gradient_of_few(float* dw, float* db, const float* x, const OutputGradient& dy, const Conv2d& g, const Plan& plan,
                     Arrays arrays, int team) {
  arrays.g = arrays.v + plan.few_floats(g.c), arrays.bias = arrays.g + plan.few_floats(g.k);
  parallel_tasks(team, plan.tiles.count, [&](int64_t tile, int) {
    float* sums = db ? arrays.bias + tile * plan.m_row : nullptr;
    if (sums) memset(sums, 0, (size_t)plan.m_row * 4);
    transform_tiles(arrays, x, dy, g, plan, 0, g.c, tile, 1, tile, sums);
  });
  if (db) add_partials(db, arrays.bias, g.k, plan.m_row, plan.tiles.count);
  few_tiles_dw(dw, arrays.v, arrays.g, g, plan.tiles.count, team);
}

}  // namespace

__attribute__((noipa)) void transform_gradients(float* to, int64_t point, int64_t vector, int64_t panel,
                                                const float* const (&pixels)[16], int64_t count, float* sums) {
  for (int64_t k = 0; k < count; to += vector + (k % kPanel ? 0 : panel)) {
    int live = (int)(count - k < kLanes ? count - k : kLanes);
    gradient_points(
        to, point, sums ? sums + k : nullptr, [&](vec(&y)[4], int j) __attribute__((always_inline)) {
#pragma GCC unroll 4
          for (int i = 0; i < 4; i++) y[i] = load_some(pixels[i * 4 + j] + k, live);
        });
    k += kLanes;
  }
}

size_t winograd_dw_workspace(const Conv2d& g, int threads) { return (size_t)Plan(g, threads).bytes(g, threads); }

void winograd_dw(float* dw, float* db, const float* x, const float* dy, const Conv2d& g, char* workspace, int threads) {
  Plan plan(g, threads);
  if (plan.tiles.count == 0) {
    memset(dw, 0, (size_t)(9 * g.c * g.k) * 4);
    if (db) memset(db, 0, (size_t)g.k * 4);
    return;
  }
  memset(workspace, 0, (size_t)plan.zeros(g));
  Arrays arrays{(const float*)workspace, (float*)(workspace + plan.zeros(g)), nullptr, nullptr, nullptr};
  arrays.g = arrays.v + kPoints * plan.v_point;
  arrays.m = arrays.g + kPoints * plan.g_point;
  arrays.bias = arrays.v + (plan.way == Way::chunks ? threads : 1) * plan.arrays();
  if (plan.way == Way::blocks) {
    arrays.g = arrays.v + plan.blocks(g) * plan.v_block;
    arrays.m = arrays.g + panel_count(g.k) * plan.g_panel;
    arrays.bias = arrays.m + threads * kPoints * plan.m_point;
  }
  int team = plan.tiles.count * kPoints * g.c * ceil_div(g.k, 16) < kSerialWork ? 1 : threads;
  OutputGradient read(dy, arrays.zeros, g);
  if (plan.way == Way::few) return gradient_of_few(dw, db, x, read, g, plan, arrays, team);
  if (plan.way == Way::chunks)
    return gradient_by_chunks(dw, db, x, read, g, plan, arrays, arrays.bias + plan.bias_sums(), team);
  if (plan.way == Way::blocks) return gradient_by_blocks(dw, db, x, read, g, plan, arrays, team);
  for (int64_t channel = 0; channel < g.c; channel += plan.channels)
    part_gradient(dw, channel ? nullptr : db, x, read, g, plan, arrays, channel, team);
}

}  // namespace ISA
}  // namespace fastcnn
