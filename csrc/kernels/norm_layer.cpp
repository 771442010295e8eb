// Layer normalisation: y = gamma * (x - mean) * inv_std + beta along each row of x (rows, size). A block of up to
// sixteen rows is summed, then written while L1 still holds it, so memory is read and written once. The sums over the
// lanes, the divisions and the roots are those of all its rows at once: alone they would wait for one another; while
// they are under way the block before is written. Backward sums and writes each block of dy and x and adds the rows to
// their chunk's dgamma and dbeta; chunks are cut by shape alone and added in order.
//   dx = inv_std * (g - sum g / size - xhat * sum(g * xhat) / size),  g = gamma * dy, xhat = (x - mean) * inv_std
#include "norm.h"
#include "norm_rows.h"
#include "row_sums.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLeaf = 1024;          // floats summed in float before the sum moves on to double
constexpr int64_t kBlock = 2048;         // floats of a block of several rows at most
constexpr int64_t kTogether = 128;       // floats of rows whose shares of dgamma are added together, about
constexpr int64_t kGradientRows = 16;    // rows a chunk of the backward pass has at least
constexpr int64_t kGradientChunks = 64;  // chunks at most

int64_t block_rows(int64_t size) {
  int64_t rows = kWide;
  while (rows > 1 && rows * size > kBlock) rows /= 2;
  return rows;
}

// sums[r] = wide_sum(w[r]) of a block's rows, in the same order.
void sum_each(float* sums, const Wide* w) {
  auto add = [](vec a, vec b) { return a + b; };
  for (int first = 0; first < kWide; first += kLanes) {
    vec r[kLanes];
#pragma GCC unroll 16
    for (int i = 0; i < kLanes; i++) r[i] = wide_join(w[first + i], add);
    store(sums + first, rows_join(r, add));
  }
}

// Numbers of the rows of a block; those past its last row are not used.
struct Sums {
  double a[kWide] = {}, b[kWide] = {};
};

// The sums along each row of a block of the two numbers that term(r, i, lanes, &first, &second) gives for the floats i,
// i + 1, ... of row r.
template <class F>
inline __attribute__((always_inline)) Sums reduce_block(int64_t rows, int64_t size, F term) {
  Sums total;
  Wide s[kWide], q[kWide];
  for (int64_t r = rows; r < kWide; r++) s[r] = q[r] = wide_splat(0);
  for (int64_t leaf = 0; leaf < size; leaf += kLeaf) {
    int64_t end = size - leaf < kLeaf ? size : leaf + kLeaf;
    const bool two = kLanes > 4 && size > kWide && size <= 2 * kWide;  // short rows: no loops, one mask for all
    const int second = (int)(size - kWide);
    for (int64_t r = 0; two && r < rows; r++) {
      Wide s0 = wide_splat(0), q0 = s0, s1 = s0, q1 = s0;
      term(r, 0, kWide, s0, q0);
      term(r, kWide, second, s1, q1);
      s[r] = wide_add(s0, s1);
      q[r] = wide_add(q0, q1);
    }
    for (int64_t r = two ? rows : 0; r < rows; r++) {
      int64_t i = leaf;
      Wide s0 = wide_splat(0), q0 = s0, s1 = s0, q1 = s0;  // they take turns, or additions wait for one another
      auto turn = [&] {
        Wide next = s1;
        s1 = s0, s0 = next, next = q1;
        q1 = q0, q0 = next;
      };
      for (; kLanes > 4 && i + 2 * kWide <= end; i += 2 * kWide) {
        term(r, i, kWide, s0, q0);
        term(r, i + kWide, kWide, s1, q1);
      }
      for (; i + kWide <= end; i += kWide, turn()) term(r, i, kWide, s0, q0);
      if ((i - leaf) % (2 * kWide) == 0) turn();
      if (i < end) term(r, i, (int)(end - i), s0, q0);
      s[r] = wide_add(s0, s1);
      q[r] = wide_add(q0, q1);
    }
    float a[kWide], b[kWide];
    sum_each(a, s);
    sum_each(b, q);
#pragma GCC unroll 1
    for (int r = 0; r < kWide; r++) total.a[r] += a[r], total.b[r] += b[r];
  }
  return total;
}

inline __attribute__((always_inline)) Wide read_wide(const float* p, int lanes) {
  return lanes == kWide ? wide_load(p) : wide_load_first(p, lanes);
}
inline __attribute__((always_inline)) Wide times(Wide a, Wide b) { return wide_fma(a, b, wide_splat(0)); }
constexpr int32_t kLane[kWide] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
// p[i] - x in the first lanes, zero in the others.
inline __attribute__((always_inline)) Wide about(const float* p, float x, int lanes) {
  Wide d = wide_add(read_wide(p, lanes), wide_splat(-x));
  for (int k = 0; k < kWide / kLanes && lanes < kWide; k++) {
    ivec lane = load(kLane + k * kLanes);
    d.v[k] = select(lane < isplat(lanes), d.v[k], zero());
  }
  return d;
}

// What a row is normalised with: y = gamma * ((x - center) * scale + shift) + beta.
struct Normaliser {
  float center[kWide], scale[kWide], shift[kWide];
};

// Mean and variance about a number near the mean: the first sixteen floats' mean, exact where the row is constant.
Normaliser normaliser(const float* x, int64_t rows, int64_t size, double epsilon) {
  float near[kWide];
  if (size < kWide) {
#pragma GCC unroll 1
    for (int64_t r = 0; r < kWide; r++) near[r] = x[r < rows ? r * size : 0];
  } else {
    Wide first[kWide];
    for (int64_t r = 0; r < kWide; r++)
      first[r] = times(wide_load(x + (r < rows ? r * size : 0)), wide_splat(1.0f / kWide));
    sum_each(near, first);
  }
  Sums sums = reduce_block(
      rows, size, [&](int64_t r, int64_t i, int lanes, Wide& s, Wide& q) __attribute__((always_inline)) {
        __builtin_prefetch(x + r * size + i + kAhead);
        Wide d = about(x + r * size + i, near[r], lanes);
        s = wide_add(s, d);
        q = wide_fma(d, d, q);
      });
  Normaliser n;
#pragma GCC unroll 1
  for (int r = 0; r < kWide; r++) {
    double from_near = sums.a[r] / (double)size, variance = (sums.b[r] - from_near * sums.a[r]) / (double)size;
    double mean = near[r] + from_near, inverse = 1 / __builtin_sqrt((variance < 0 ? 0 : variance) + epsilon);
    n.center[r] = (float)mean;
    n.scale[r] = (float)inverse;
    n.shift[r] = (float)((n.center[r] - mean) * inverse);  // what the mean lost in float
  }
  return n;
}

// gamma and beta as arrays, whether given or not.
__attribute__((noinline)) const float* filled(const float* given, float* memory, int64_t size, float value) {
  if (given) return given;
  for (int64_t i = 0; i < size; i++) memory[i] = value;
  return memory;
}

// Writes a result past the caches if it is large: whole vectors at once, others here first, for only aligned vectors
// can be streamed.
struct Target {
  alignas(64) float memory[kBlock];
  // f(where, begin, end, past) for the floats [begin, end) of the `size` of each of the rows at y; all: of the array.
  template <class F>
  inline __attribute__((always_inline)) void pieces(float* y, int64_t rows, int64_t size, int64_t all, F f) {
    for (int64_t begin = 0; begin < size; begin += kBlock) {
      int64_t end = size - begin < kBlock ? size : begin + kBlock, floats = rows * (end - begin);
      bool past = streams(y + begin, all, floats), staged = past && size % kWide;
      f(staged ? memory : y + begin, begin, end, past && !staged);
      for (int64_t i = 0; staged && i < floats; i += kLanes) stream(y + begin + i, load(memory + i));
    }
  }
};

void forward_piece(float* y, const float* x, const float* gamma, const float* beta, int64_t rows, int64_t size,
                   int64_t ahead, const Normaliser& n, bool past) {
  for (int64_t r = 0; r < rows; r++, x += size, y += size) {
    vec center = splat(n.center[r]), scale = splat(n.scale[r]), shift = splat(n.shift[r]);
    for_lanes(
        size, [&](int64_t i, int lanes) __attribute__((always_inline)) {
          __builtin_prefetch(x + i + ahead);
          vec xhat = fma(load_some(x + i, lanes) - center, scale, shift);
          put_some(y + i, fma(xhat, load_some(gamma + i, lanes), load_some(beta + i, lanes)), lanes, past);
        });
  }
}

int64_t gradient_rows(int64_t rows) {
  int64_t share = (rows + kGradientChunks - 1) / kGradientChunks;
  return share > kGradientRows ? share : kGradientRows;
}
int64_t gradient_chunks(int64_t rows) { return (rows + gradient_rows(rows) - 1) / gradient_rows(rows); }

// What one chunk adds up of dgamma and dbeta: kLeafRows rows in float, then double.
struct ParameterSums {
  double *dgamma, *dbeta;
  float *leaf_gamma, *leaf_beta;
  ParameterSums(double* memory, int64_t size)
      : dgamma(memory),
        dbeta(memory + size),
        leaf_gamma((float*)(memory + 2 * size)),
        leaf_beta((float*)(memory + 2 * size) + size) {
    memset(memory, 0, (size_t)size * kBytes);
  }
  void flush(int64_t size) {
    for (int64_t i = 0; i < size; i++) {
      dgamma[i] += leaf_gamma[i], leaf_gamma[i] = 0;
      dbeta[i] += leaf_beta[i], leaf_beta[i] = 0;
    }
  }
  static constexpr int64_t kBytes = 2 * sizeof(double) + 2 * sizeof(float);  // for each element of a row
};

struct Slopes {
  float level[kWide], slope[kWide];
};
Slopes slopes(const float* dy, const float* x, const float* gamma, const float* mean, const float* inv_std,
              int64_t rows, int64_t size) {
  Sums sums = reduce_block(
      rows, size, [&](int64_t r, int64_t i, int lanes, Wide& s, Wide& q) __attribute__((always_inline)) {
        __builtin_prefetch(dy + r * size + i + kAhead);
        __builtin_prefetch(x + r * size + i + kAhead);
        Wide g = times(read_wide(dy + r * size + i, lanes), read_wide(gamma + i, lanes));
        s = wide_add(s, g);
        q = wide_fma(g, about(x + r * size + i, mean[r], lanes), q);
      });
  Slopes n;
  for (int64_t r = 0; r < rows; r++) {
    double inverse = inv_std[r];
    n.level[r] = (float)(-sums.a[r] / (double)size);
    n.slope[r] = (float)(-inverse * inverse * sums.b[r] / (double)size);
  }
  return n;
}

// Short rows are taken a few together: the sums over rows would wait for the row before. Not more of them, for memory
// is fastest in order.
void backward_piece(float* dx, float* leaf_gamma, float* leaf_beta, const float* dy, const float* x, const float* gamma,
                    const float* mean, const float* inv_std, const Slopes& n, int64_t rows, int64_t size, bool past) {
  const int64_t together = size < kTogether ? kTogether / size : 1;
  for (int64_t begin = 0, end; begin < rows; begin = end) {
    end = begin + together < rows ? begin + together : rows;
    for_lanes(
        size, [&](int64_t i, int lanes) __attribute__((always_inline)) {
          vec scaled = load_some(leaf_gamma + i, lanes), sum = load_some(leaf_beta + i, lanes),
              weight = load_some(gamma + i, lanes);
          for (int64_t r = begin; r < end; r++) {
            int64_t at = r * size + i;
            __builtin_prefetch(dy + at + rows * size);
            __builtin_prefetch(x + at + rows * size);
            vec d = load_some(dy + at, lanes), off = load_some(x + at, lanes) - splat(mean[r]),
                scale = splat(inv_std[r]);
            scaled = fma(d, off * scale, scaled);
            sum += d;
            put_some(dx + at, scale * fma(splat(n.slope[r]), off, fma(d, weight, splat(n.level[r]))), lanes, past);
          }
          store_some(leaf_gamma + i, scaled, lanes);
          store_some(leaf_beta + i, sum, lanes);
        });
  }
}

}  // namespace

size_t layer_norm_workspace(int64_t rows, int64_t size) {
  return (size_t)size * ((size_t)gradient_chunks(rows) * ParameterSums::kBytes + 2 * sizeof(float));
}

void layer_norm_forward(float* y, float* mean, float* inv_std, const float* x, const float* gamma, const float* beta,
                        int64_t rows, int64_t size, double epsilon, char* workspace) {
  gamma = filled(gamma, (float*)workspace, size, 1);
  beta = filled(beta, (float*)workspace + size, size, 0);
  int64_t each = block_rows(size), ahead = (each > 1 ? 2 : 1) * each * size;  // the next block to be read
  parallel_ranges(rows, each, rows * size / 16, [&](int64_t begin, int64_t end) {
    Target target;
    Normaliser n, next;
    auto of_block = [&](int64_t r) __attribute__((noinline)) {
      return normaliser(x + r * size, end - r < each ? end - r : each, size, epsilon);
    };
    for (int64_t r = begin; r < end; r += each) {
      int64_t count = end - r < each ? end - r : each, at = r * size;
      if (each == 1 || r == begin) next = of_block(r);
      n = next;
      if (each > 1 && r + each < end) next = of_block(r + each);  // its divisions need not be waited for
      wide_store_first(mean + r, wide_load(n.center), (int)count);
      wide_store_first(inv_std + r, wide_load(n.scale), (int)count);
      target.pieces(y + at, count, size, rows * size, [&](float* to, int64_t i, int64_t last, bool past) {
        forward_piece(to, x + at + i, gamma + i, beta + i, count, last - i, ahead, n, past);
      });
    }
    stream_fence();
  });
}

void layer_norm_backward(float* dx, float* dgamma, float* dbeta, const float* dy, const float* x, const float* mean,
                         const float* inv_std, const float* gamma, int64_t rows, int64_t size, char* workspace) {
  int64_t each = gradient_rows(rows), chunks = gradient_chunks(rows), bytes = size * ParameterSums::kBytes;
  int64_t block = block_rows(size);
  gamma = filled(gamma, (float*)(workspace + chunks * bytes), size, 1);
  parallel_ranges(chunks, 1, rows * size / 8, [&](int64_t begin, int64_t end) {
    Target target;
    for (int64_t chunk = begin; chunk < end; chunk++) {
      ParameterSums p((double*)(workspace + chunk * bytes), size);
      int64_t first = chunk * each, last = rows - first < each ? rows : first + each;
      for (int64_t r = first; r < last; r += block) {
        int64_t count = last - r < block ? last - r : block, at = r * size;
        Slopes n = slopes(dy + at, x + at, gamma, mean + r, inv_std + r, count, size);
        target.pieces(dx + at, count, size, rows * size, [&](float* to, int64_t i, int64_t last, bool past) {
          backward_piece(to, p.leaf_gamma + i, p.leaf_beta + i, dy + at + i, x + at + i, gamma + i, mean + r,
                         inv_std + r, n, count, last - i, past);
        });
        if ((r + count - first) % kLeafRows == 0 || r + count == last) p.flush(size);
      }
    }
    stream_fence();
  });
  double* total = (double*)workspace;  // the first chunk's sums: dgamma, then dbeta
  for (int64_t chunk = 1; chunk < chunks; chunk++) {
    const double* sums = (const double*)(workspace + chunk * bytes);
    for (int64_t i = 0; i < 2 * size; i++) total[i] += sums[i];
  }
  for (int64_t i = 0; i < size; i++) {
    if (dgamma) dgamma[i] = (float)total[i];
    if (dbeta) dbeta[i] = (float)total[size + i];
  }
}

}  // namespace ISA
}  // namespace fastcnn
