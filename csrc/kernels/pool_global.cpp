// y[image, ch] = mean or maximum over the image's pixels; x: (n, pixels, c). Pixels are cut into chunks of 256, however
// many threads there are; a chunk adds its pixels in order, then the chunks are added in order: the same bits always,
// and short sums, hence accurate ones. A task is a chunk's run of channels, so one image of many channels feeds a team.
#include "pool_window.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kChunk = 256;     // pixels
constexpr int64_t kChannels = 256;  // floats: whole cache lines, and scratch that fits on the stack

// f(image, chunk, first channel, channels) over all tasks.
template <class F>
void each_block(int64_t n, int64_t chunks, int64_t pixels, int64_t c, F f) {
  int64_t blocks = (c + kChannels - 1) / kChannels;
  parallel_for(n * chunks * blocks, n * pixels * ((c + 15) / 16), [&](int64_t task) {
    int64_t block = task % blocks, chunk = task / blocks % chunks, channel = block * kChannels;
    f(task / blocks / chunks, chunk, channel, c - channel < kChannels ? c - channel : kChannels);
  });
}

vec larger(vec a, vec b) { return select((b <= a) | (a != a), a, b); }

// to[0..c) = join over `rows` rows of `step` floats. Four vectors side by side hide the latency of the join.
template <class Join>
void reduce_rows(float* to, const float* x, int64_t rows, int64_t step, int64_t c, Join join) {
  int64_t ch = 0, ahead = step < kAhead / 4 ? kAhead : 4 * step;
  for (; ch + 4 * kLanes <= c; ch += 4 * kLanes) {
    vec a[4];
    for (int k = 0; k < 4; k++) a[k] = load(x + ch + k * kLanes);
    for (int64_t r = 1; r < rows; r++)
      for (int k = 0; k < 4; k++) {
        __builtin_prefetch(x + r * step + ch + k * kLanes + ahead);
        a[k] = join(a[k], load(x + r * step + ch + k * kLanes));
      }
    for (int k = 0; k < 4; k++) store(to + ch + k * kLanes, a[k]);
  }
  over_channels(c - ch, [&](int64_t rest, auto lanes) {
    vec a = lanes.get(x + ch + rest);
    for (int64_t r = 1; r < rows; r++) a = join(a, lanes.get(x + r * step + ch + rest));
    lanes.put(to + ch + rest, a);
  });
}

template <class Join>
void reduce_pixels(float* y, float* partials, const float* x, int64_t n, int64_t pixels, int64_t c, Join join) {
  int64_t chunks = (pixels + kChunk - 1) / kChunk;
  each_block(n, chunks, pixels, c, [&](int64_t image, int64_t chunk, int64_t channel, int64_t channels) {
    int64_t first = chunk * kChunk, rows = pixels - first < kChunk ? pixels - first : kChunk;
    reduce_rows(partials + (image * chunks + chunk) * c + channel, x + (image * pixels + first) * c + channel, rows, c,
                channels, join);
  });
  if (chunks == 1) return;  // partials is y
  each_block(n, 1, chunks, c, [&](int64_t image, int64_t, int64_t channel, int64_t channels) {
    reduce_rows(y + image * c + channel, partials + image * chunks * c + channel, chunks, c, channels, join);
  });
}

}  // namespace

int64_t global_chunks(int64_t pixels) { return (pixels + kChunk - 1) / kChunk; }

void global_avg(float* y, float* partials, const float* x, int64_t n, int64_t pixels, int64_t c) {
  reduce_pixels(y, partials, x, n, pixels, c, [](vec a, vec b) { return a + b; });
  vec count = splat((float)pixels);
  over_channels(n * c, [&](int64_t at, auto lanes) { lanes.put(y + at, lanes.get(y + at) / count); });
}

void global_max(float* y, float* partials, const float* x, int64_t n, int64_t pixels, int64_t c) {
  reduce_pixels(y, partials, x, n, pixels, c, larger);
}

void global_avg_dx(float* dx, const float* dy, int64_t n, int64_t pixels, int64_t c) {
  int64_t chunks = global_chunks(pixels);
  vec count = splat((float)pixels);
  bool past = streams(dx, n * pixels * c / 4, c);  // nothing is read, so a shared cache has room for more
  each_block(n, chunks, pixels, c, [&](int64_t image, int64_t chunk, int64_t channel, int64_t channels) {
    float share[kChannels];
    over_channels(channels, [&](int64_t ch, auto lanes) {
      lanes.put(share + ch, lanes.get(dy + image * c + channel + ch) / count);
    });
    int64_t end = (chunk + 1) * kChunk < pixels ? (chunk + 1) * kChunk : pixels;
    for (int64_t p = chunk * kChunk; p < end; p++) {
      float* to = dx + (image * pixels + p) * c + channel;
      if (past)
        for (int64_t ch = 0; ch < channels; ch += kLanes) stream(to + ch, load(share + ch));
      else
        memcpy(to, share, (size_t)channels * sizeof(float));
    }
    if (past) stream_fence();
  });
}

// The first pixel with the maximum takes all of dy. Not cut into chunks: the place of the maximum is needed before dx.
void global_max_dx(float* dx, const float* dy, const float* x, int64_t n, int64_t pixels, int64_t c) {
  bool past = streams(dx, n * pixels * c, c);
  each_block(n, 1, 2 * pixels, c, [&](int64_t image, int64_t, int64_t channel, int64_t channels) {
    const float* from = x + image * pixels * c + channel;
    float* to = dx + image * pixels * c + channel;
    float best[kChannels];
    int32_t where[kChannels];
    memcpy(best, from, (size_t)channels * sizeof(float));
    memset(where, 0, sizeof where);
    for (int64_t p = 1; p < pixels; p++)
      over_channels(channels, [&](int64_t ch, auto lanes) {
        __builtin_prefetch(from + p * c + ch + kAhead);
        vec b = lanes.get(best + ch), v = lanes.get(from + p * c + ch);
        ivec stays = (v <= b) | (b != b);
        lanes.put(best + ch, select(stays, b, v));
        lanes.put(where + ch, select(stays, lanes.get(where + ch), isplat((int32_t)p)));
      });
    for (int64_t p = 0; p < pixels; p++)
      over_channels(
          channels,
          [&](int64_t ch, auto lanes) {
            vec g = lanes.get(dy + image * c + channel + ch);
            lanes.put(to + p * c + ch, select(lanes.get(where + ch) == isplat((int32_t)p), g, zero()));
          },
          past);
    if (past) stream_fence();
  });
}

}  // namespace ISA
}  // namespace fastcnn
