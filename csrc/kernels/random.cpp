// y[e] = f(word of element e), e counted from r.offset. Sixteen blocks serve a group of 64 elements: word k of the
// blocks is 16 neighbours, so results are stored as they come, without transposing, in the same places on every ISA.
// Groups are aligned to the stream, not to the array: an array that starts or ends inside a group works on a copy of
// that group.
#include "random.h"

#include "philox.h"
#include "random_normal.h"
#include "runtime/parallel.h"
#include "stream.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kPhiloxWork = 32;  // vector operations that 16 elements cost
constexpr int64_t kGrain = 64;       // groups: 16 KB of floats

// f(words, x, y, past): 64 elements of x and y, past the caches or not. x may be null, or y.
template <class F>
void each_group(float* y, const float* x, fastcnn_random r, int64_t begin, int64_t end, bool past, F f) {
  int64_t skip = r.offset % kGroup, first = r.offset / kGroup;
  Philox philox(r.seed, r.stream);
  Words drawn[2];
  int64_t start = (begin + skip) / kGroup;
  for (int64_t g = start; g * kGroup - skip < end; g++) {
    if ((g - start) % 2 == 0) philox((uint64_t)(first + g) * kWide, drawn);
    const Words& words = drawn[(g - start) % 2];
    int64_t i = g * kGroup - skip;
    if (i >= begin && i + kGroup <= end) {
      for (int k = 0; x && k < kGroup; k += 16) __builtin_prefetch(x + i + kAhead + k);
      f(words, x ? x + i : nullptr, y + i, past);
      continue;
    }
    float from[kGroup] = {}, to[kGroup];
    int64_t low = i > begin ? i : begin, high = i + kGroup < end ? i + kGroup : end;
    size_t bytes = (size_t)(high - low) * sizeof(float);
    if (x) memcpy(from + (low - i), x + low, bytes);
    f(words, from, to, false);
    memcpy(y + low, to + (low - i), bytes);
  }
}

template <class F>
void map(float* y, const float* x, fastcnn_random r, int64_t size, F f) {
  int64_t skip = r.offset % kGroup;
  bool past = y != x && streams(y, size, skip);
  // Threads meet between groups, so that none is drawn twice.
  parallel_ranges(size + skip, kGrain * kGroup, size / 16 * kPhiloxWork, [&](int64_t begin, int64_t end) {
    each_group(y, x, r, begin > skip ? begin - skip : 0, end - skip, past, f);
    stream_fence();
  });
}

// One word to one float.
template <class F>
void fill(float* y, fastcnn_random r, int64_t size, F f) {
  map(y, nullptr, r, size, [f](const Words& words, const float*, float* out, bool past) {
    for (int k = 0; k < kWords; k++)
      for (int j = 0; j < kVectorsOf16; j++) put(out + k * kWide + j * kLanes, f(words.word[k][j]), past);
  });
}

void uniform(float* y, fastcnn_random r, int64_t size, float low, float span, float top) {
  fill(y, r, size, [=](uvec word) {
    vec u = to_float((ivec)(word >> 8)) * splat(0x1p-24f);
    return min(fma(u, splat(span), splat(low)), splat(top));
  });
}

void truncated(float* y, fastcnn_random r, int64_t size, float mean, float stddev) {
  fill(y, r, size, [=](uvec word) { return fma(truncated_normal(word), splat(stddev), splat(mean)); });
}

void bernoulli(float* y, fastcnn_random r, int64_t size, uint32_t last) {
  fill(y, r, size, [=](uvec word) { return from_bits((ivec)(word <= last) & bits(splat(1.0f))); });
}

void normal(float* y, fastcnn_random r, int64_t size, float mean, float stddev) {
  map(y, nullptr, r, size, [=](const Words& words, const float*, float* out, bool past) {
    for (int k = 0; k < kWords; k += 2)
      for (int j = 0; j < kVectorsOf16; j++) {
        NormalPair z = normal_pair(words.word[k][j], words.word[k + 1][j]);
        put(out + k * kWide + j * kLanes, fma(z.a, splat(stddev), splat(mean)), past);
        put(out + (k + 1) * kWide + j * kLanes, fma(z.b, splat(stddev), splat(mean)), past);
      }
  });
}

// Dropped is +0 whatever x holds: a mask of bits, as 0 * NaN would be NaN.
vec keep(ivec mask, vec x, float scale) { return from_bits(bits(x * splat(scale)) & mask); }

void dropout(float* y, const float* x, fastcnn_random r, int64_t size, uint32_t last, float scale) {
  map(y, x, r, size, [=](const Words& words, const float* in, float* out, bool past) {
    for (int k = 0; k < kWords; k++)
      for (int j = 0; j < kVectorsOf16; j++) {
        int i = k * kWide + j * kLanes;
        put(out + i, keep((ivec)(words.word[k][j] > last), load(in + i), scale), past);
      }
  });
}

constexpr int64_t kTile = 1024;    // channels whose mask is held at once
constexpr int64_t kRun = 1 << 14;  // floats of a task, at least: drawing its mask again must not count

// Pixels of one image, channels of one tile.
void drop_tile(float* y, const float* x, const float* mask, int64_t pixels, int64_t c, int64_t width, float scale,
               bool past) {
  for (int64_t p = 0; p < pixels; p++, x += c, y += c) {
    int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes) put(y + i, keep(bits(load(mask + i)), load(x + i), scale), past);
    int n = (int)(width - i);
    if (n) store_first(y + i, keep(bits(load_first(mask + i, n)), load_first(x + i, n), scale), n);
  }
}

void dropout_channels(float* y, const float* x, fastcnn_random r, int64_t n, int64_t pixels, int64_t c, uint32_t last,
                      float scale) {
  bool past = y != x && streams(y, n * pixels * c, c);
  int64_t rows = kRun / c + 1, parts = (pixels + rows - 1) / rows;
  parallel_for(n * parts, n * pixels * c / 16, [&](int64_t task) {
    int64_t image = task / parts, from = task % parts * rows;
    int64_t count = from + rows < pixels ? rows : pixels - from;
    for (int64_t tile = 0; tile < c; tile += kTile) {
      int64_t width = c - tile < kTile ? c - tile : kTile, at = (image * pixels + from) * c + tile;
      float mask[kTile];
      fastcnn_random place = {r.seed, r.stream, r.offset + image * c + tile};
      each_group(mask, nullptr, place, 0, width, false, [=](const Words& words, const float*, float* out, bool) {
        for (int k = 0; k < kWords; k++)
          for (int j = 0; j < kVectorsOf16; j++)
            store(out + k * kWide + j * kLanes, from_bits((ivec)(words.word[k][j] > last)));
      });
      drop_tile(y + at, x + at, mask, count, c, width, scale, past);
    }
    stream_fence();
  });
}

// The blocks from first on, word k of block b at [b][k].
__attribute__((noinline)) void draw(const Philox& philox, uint64_t first, uint32_t (&out)[kAtOnce][kWords]) {
  Words words[2];
  philox(first, words);
  for (int half = 0; half < 2; half++)
    for (int k = 0; k < kWords; k++) {
      uint32_t lanes[kWide];
      memcpy(lanes, words[half].word[k], sizeof lanes);
      for (int b = 0; b < kWide; b++) out[half * kWide + b][k] = lanes[b];
    }
}

void blocks(uint32_t* words, uint64_t seed, uint64_t stream, uint64_t first, int64_t count) {
  Philox philox(seed, stream);
  parallel_ranges(count, kWide * kGrain, count / 4 * kPhiloxWork, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b += kAtOnce) {
      uint32_t block[kAtOnce][kWords];
      draw(philox, first + (uint64_t)b, block);
      int64_t left = end - b < kAtOnce ? end - b : kAtOnce;
      memcpy(words + b * kWords, block, (size_t)left * sizeof block[0]);
    }
  });
}

// A number below range, each equally likely (Lemire, Fast random integer generation in an interval, 2019): the high
// half of x * range, unless the low half says that this x has no equal share. Then the block's second half is tried,
// then the generator runs on its own output.
uint64_t below(uint64_t range, uint64_t seed, uint32_t word[kWords]) {
  uint64_t unfair = (uint64_t)0 - range;  // 2^64 - range: the exact bound, its remainder, costs a division
  for (int half = 0;; half ^= 2) {
    uint64_t x = word[half] | (uint64_t)word[half + 1] << 32;
    unsigned __int128 product = (unsigned __int128)x * range;
    uint64_t low = (uint64_t)product;
    if (low >= range || low >= unfair % range) return (uint64_t)(product >> 64);
    if (half) philox_block(seed, word);
  }
}

void integers(int64_t* y, fastcnn_random r, int64_t size, int64_t low, uint64_t range) {
  Philox philox(r.seed, r.stream);
  parallel_ranges(size, kWide * kGrain, size / 4 * kPhiloxWork, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i += kAtOnce) {
      uint32_t block[kAtOnce][kWords];
      draw(philox, (uint64_t)(r.offset + i), block);
      int64_t left = end - i < kAtOnce ? end - i : kAtOnce;
      for (int64_t b = 0; b < left; b++) y[i + b] = (int64_t)((uint64_t)low + below(range, r.seed, block[b]));
    }
  });
}

// Fisher and Yates: each place swaps with one of those not yet settled. A chain, hence one thread; block i is place
// i's.
void permutation(int64_t* y, fastcnn_random r, int64_t n) {
  Philox philox(r.seed, r.stream);
  for (int64_t i = 0; i < n; i++) y[i] = i;
  for (int64_t i = 0; i + 1 < n; i += kAtOnce) {
    uint32_t block[kAtOnce][kWords];
    draw(philox, (uint64_t)(r.offset + i), block);
    for (int64_t b = 0; b < kAtOnce && i + b + 1 < n; b++) {
      int64_t place = i + b, other = place + (int64_t)below((uint64_t)(n - place), r.seed, block[b]);
      int64_t t = y[place];
      y[place] = y[other];
      y[other] = t;
    }
  }
}

}  // namespace

extern const RandomKernels random_kernels;
const RandomKernels random_kernels = {blocks,  uniform,          normal,   truncated,  bernoulli,
                                      dropout, dropout_channels, integers, permutation};

}  // namespace ISA
}  // namespace fastcnn
