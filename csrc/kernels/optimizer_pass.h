// The pass that all updates share: w and g are loaded, g is scaled and clipped, w decays, the rule makes the new w,
// which is stored. A rule loads and stores its slots itself, through `at`, which masks the tail.
//
// The array is cut into chunks by its size alone, so the sums of squares have the same bits for any number of threads.
#pragma once
#include "optimizer.h"
#include "runtime/parallel.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

// clip.cpp, for the table in optimizer.cpp
void moving_average(float* average, const float* w, int64_t size, float rest);
void scale(float* y, const float* x, int64_t size, float factor);
double sum_of_squares(const float* x, int64_t size);
// optimizer_adam.cpp
void adam(float* w, float* m, float* v, float* v_max, const float* g, int64_t size, UpdateStep s, MomentFactors f);
void adamax(float* w, float* m, float* u, const float* g, int64_t size, UpdateStep s, MomentFactors f);
void nadam(float* w, float* m, float* v, const float* g, int64_t size, UpdateStep s, MomentFactors f);
void lion(float* w, float* m, const float* g, int64_t size, UpdateStep s, MomentFactors f);

namespace {

constexpr int kMaxChunks = 256;
constexpr int64_t kMinChunk = 8192;  // floats
constexpr int64_t kLeaf = 1024;      // floats summed in single precision

inline int64_t chunk_length(int64_t size) {
  int64_t even = (size + kMaxChunks - 1) / kMaxChunks;
  int64_t whole = (even + kLeaf - 1) / kLeaf * kLeaf;
  return whole > kMinChunk ? whole : kMinChunk;
}

// A full vector, or the first n lanes of one.
struct Whole {
  vec get(const float* p) const {
    __builtin_prefetch(p + kAhead);
    return load(p);
  }
  void put(float* p, vec v) const { store(p, v); }
  vec only(vec v) const { return v; }
};
struct First {
  int n;
  vec get(const float* p) const { return load_first(p, n); }
  void put(float* p, vec v) const { store_first(p, v, n); }
  vec only(vec v) const {
    float lanes[kLanes];
    store(lanes, v);
    return load_first(lanes, n);
  }
};

struct Squares {
  Wide update, weight;
};

// One vector; lane group j of the sixteen.
template <class At, class Rule>
inline void update_vector(At at, int64_t i, int j, float* w, const float* g, const UpdateStep& s, Squares& squares,
                          Rule rule) {
  vec before = at.get(w + i), gradient = at.get(g + i) * splat(s.scale), start = before;
  if (s.l2 != 0) gradient = fma(splat(s.l2), before, gradient);
  gradient = max(splat(-s.clip), min(splat(s.clip), gradient));
  if (s.decay != 0) start = fma(splat(s.decay), before, before);
  vec after = rule(at, i, start, gradient);
  at.put(w + i, after);
  if (s.squares) {
    vec change = at.only(after - before);
    squares.update.v[j] = fma(change, change, squares.update.v[j]);
    squares.weight.v[j] = fma(before, before, squares.weight.v[j]);
  }
}

// rule(at, i, w, g) -> new w
template <class Rule>
void update_pass(float* w, const float* g, int64_t size, const UpdateStep& s, int streams, Rule rule) {
  int64_t length = chunk_length(size), chunks = (size + length - 1) / length;
  double change[kMaxChunks] = {}, weight[kMaxChunks] = {};
  parallel_for(chunks, size / 16 * streams, [&](int64_t chunk) {
    int64_t end = (chunk + 1) * length < size ? (chunk + 1) * length : size;
    for (int64_t leaf = chunk * length; leaf < end; leaf += kLeaf) {
      int64_t i = leaf, leaf_end = leaf + kLeaf < end ? leaf + kLeaf : end;
      Squares squares = {wide_splat(0), wide_splat(0)};
      for (; i + kWide <= leaf_end; i += kWide)
        for (int j = 0; j < kWide / kLanes; j++) update_vector(Whole{}, i + j * kLanes, j, w, g, s, squares, rule);
      for (int j = 0; i < leaf_end; i += kLanes, j++) {
        int left = (int)(leaf_end - i);
        update_vector(First{left < kLanes ? left : kLanes}, i, j, w, g, s, squares, rule);
      }
      if (s.squares) change[chunk] += wide_sum(squares.update), weight[chunk] += wide_sum(squares.weight);
    }
  });
  if (!s.squares) return;
  s.squares[0] = s.squares[1] = 0;
  for (int64_t chunk = 0; chunk < chunks; chunk++) s.squares[0] += change[chunk], s.squares[1] += weight[chunk];
}

// The greater; NaN where either is.
inline vec max_or_nan(vec a, vec b) { return select(a == a, max(a, b), a); }

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
