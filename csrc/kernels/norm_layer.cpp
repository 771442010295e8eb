// Layer normalisation: y = gamma * (x - mean) * inv_std + beta along each row of x (rows, size). A row is summed, then
// written while the cache still holds it, so memory is read and written once. Backward does the same with dy and x and
// adds the row to its chunk's dgamma and dbeta; chunks are cut by shape alone and added in order.
//   dx = inv_std * (g - sum g / size - xhat * sum(g * xhat) / size),  g = gamma * dy, xhat = (x - mean) * inv_std
#include "norm.h"
#include "norm_rows.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kLeaf = 1024;          // floats summed in float before the sum moves on to double
constexpr int64_t kGradientRows = 16;    // rows a chunk of the backward pass has at least
constexpr int64_t kGradientChunks = 64;  // chunks at most

struct Pair {
  double a, b;
};

// The sums along a row of the two numbers that term(i, lanes, &first, &second) gives for its floats i, i + 1, ...
template <class F>
inline __attribute__((always_inline)) Pair reduce_row(int64_t size, F term) {
  Pair total{0, 0};
  for (int64_t leaf = 0; leaf < size; leaf += kLeaf) {
    int64_t i = leaf, end = size - leaf < kLeaf ? size : leaf + kLeaf;
    Wide s0 = wide_splat(0), q0 = s0, s1 = s0, q1 = s0;  // two of each, or additions wait for one another
    for (; i + 2 * kWide <= end; i += 2 * kWide) {
      term(i, kWide, s0, q0);
      term(i + kWide, kWide, s1, q1);
    }
    if (i + kWide <= end) term(i, kWide, s0, q0), i += kWide;
    if (i < end) term(i, (int)(end - i), s1, q1);
    total.a += wide_sum(wide_add(s0, s1));
    total.b += wide_sum(wide_add(q0, q1));
  }
  return total;
}

inline __attribute__((always_inline)) Wide read_wide(const float* p, int lanes) {
  return lanes == kWide ? wide_load(p) : wide_load_first(p, lanes);
}
// x in the first lanes, zero in the others.
inline __attribute__((always_inline)) Wide splat_first(float x, int lanes) {
  if (lanes == kWide) return wide_splat(x);
  float t[kWide];
  for (int i = 0; i < kWide; i++) t[i] = x;
  return wide_load_first(t, lanes);
}
inline __attribute__((always_inline)) Wide times(Wide a, Wide b) { return wide_fma(a, b, wide_splat(0)); }

// Mean and variance about a shift near the mean: the first sixteen floats' mean, exact where the row is constant.
Pair moments(const float* x, int64_t size) {
  float shift = size < kWide ? x[0] : wide_sum(times(wide_load(x), wide_splat(1.0f / kWide)));
  Pair sums = reduce_row(
      size, [&](int64_t i, int lanes, Wide& s, Wide& q) __attribute__((always_inline)) {
        Wide d = wide_add(read_wide(x + i, lanes), splat_first(-shift, lanes));
        s = wide_add(s, d);
        q = wide_fma(d, d, q);
      });
  double mean = sums.a / (double)size, variance = (sums.b - mean * sums.a) / (double)size;
  return {shift + mean, variance < 0 ? 0 : variance};
}

// gamma and beta as arrays, whether given or not.
const float* filled(const float* given, float* memory, int64_t size, float value) {
  if (given) return given;
  for (int64_t i = 0; i < size; i++) memory[i] = value;
  return memory;
}

// All arguments are values, so that they stay in registers whatever y may alias.
void forward_row(float* y, const float* x, const float* gamma, const float* beta, int64_t size, vec mean, vec inv_std,
                 vec shift) {
  for_lanes(
      size, [&](int64_t i, int lanes) __attribute__((always_inline)) {
        vec xhat = fma(read(x + i, lanes) - mean, inv_std, shift);
        write(y + i, fma(xhat, read(gamma + i, lanes), read(beta + i, lanes)), lanes);
      });
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

void backward_row(float* dx, ParameterSums& p, const float* dy, const float* x, const float* gamma, float mean,
                  float inv_std, int64_t size) {
  Pair sums = reduce_row(
      size, [&](int64_t i, int lanes, Wide& s, Wide& q) __attribute__((always_inline)) {
        Wide g = times(read_wide(dy + i, lanes), read_wide(gamma + i, lanes));
        s = wide_add(s, g);
        q = wide_fma(g, wide_add(read_wide(x + i, lanes), splat_first(-mean, lanes)), q);
      });
  double inverse = inv_std;
  float *leaf_gamma = p.leaf_gamma, *leaf_beta = p.leaf_beta;
  vec center = splat(mean), scale = splat(inv_std), level = splat((float)(-sums.a / (double)size));
  vec slope = splat((float)(-inverse * inverse * sums.b / (double)size));
  for_lanes(
      size, [&](int64_t i, int lanes) __attribute__((always_inline)) {
        vec d = read(dy + i, lanes), about = read(x + i, lanes) - center;
        write(leaf_gamma + i, fma(d, about * scale, read(leaf_gamma + i, lanes)), lanes);
        write(leaf_beta + i, read(leaf_beta + i, lanes) + d, lanes);
        write(dx + i, scale * fma(slope, about, fma(d, read(gamma + i, lanes), level)), lanes);
      });
}

}  // namespace

size_t layer_norm_workspace(int64_t rows, int64_t size) {
  return (size_t)size * ((size_t)gradient_chunks(rows) * ParameterSums::kBytes + 2 * sizeof(float));
}

void layer_norm_forward(float* y, float* mean, float* inv_std, const float* x, const float* gamma, const float* beta,
                        int64_t rows, int64_t size, double epsilon, char* workspace) {
  gamma = filled(gamma, (float*)workspace, size, 1);
  beta = filled(beta, (float*)workspace + size, size, 0);
  parallel_ranges(rows, 1, rows * size / 16, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* row = x + r * size;
      Pair m = moments(row, size);
      double inverse = 1 / __builtin_sqrt(m.b + epsilon);
      mean[r] = (float)m.a;
      inv_std[r] = (float)inverse;
      vec center = splat(mean[r]), scale = splat(inv_std[r]);
      vec shift = splat((float)((mean[r] - m.a) * inverse));  // what the mean lost in float
      forward_row(y + r * size, row, gamma, beta, size, center, scale, shift);
    }
  });
}

void layer_norm_backward(float* dx, float* dgamma, float* dbeta, const float* dy, const float* x, const float* mean,
                         const float* inv_std, const float* gamma, int64_t rows, int64_t size, char* workspace) {
  int64_t each = gradient_rows(rows), chunks = gradient_chunks(rows), bytes = size * ParameterSums::kBytes;
  gamma = filled(gamma, (float*)(workspace + chunks * bytes), size, 1);
  parallel_ranges(chunks, 1, rows * size / 8, [&](int64_t begin, int64_t end) {
    for (int64_t chunk = begin; chunk < end; chunk++) {
      ParameterSums p((double*)(workspace + chunk * bytes), size);
      int64_t first = chunk * each, last = rows - first < each ? rows : first + each;
      for (int64_t r = first; r < last; r++) {
        backward_row(dx + r * size, p, dy + r * size, x + r * size, gamma, mean[r], inv_std[r], size);
        if ((r - first) % kLeafRows == kLeafRows - 1 || r == last - 1) p.flush(size);
      }
    }
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
