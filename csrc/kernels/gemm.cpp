// Matrix products: a gathered product with a single tap (gather.h), or, for a few rows, one pass along b.
//
// With a few rows b is read once and used little: the time is that of reading b. So the thin product walks along b's
// rows, where memory is contiguous, and keeps its sums in L1. They are the same chains of multiply-adds in the same
// blocks of kDepth as the micro-kernel's, so a prediction for one image has the bits of the same image in a batch.
#include "gemm.h"

#include "apply_activation.h"
#include "gather.h"
#include "pack.h"
#include "runtime/parallel.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int64_t kThinRows = 8;       // up to here reading b takes longer than multiplying
constexpr int64_t kThinColumns = 512;  // of b, walked along together
constexpr int kThinDepth = 8;          // rows of b at a time

// acc[i][j..j + J vectors) += sum over D rows p of a[i][p] * b[p][j...]; live: lanes of the last vector.
template <int M, int D, int J>
void thin_vectors(float* acc, const float* a, int64_t lda, const float* b, int64_t ldb, int live) {
  vec sum[M][J];
#pragma GCC unroll 8
  for (int i = 0; i < M; i++)
#pragma GCC unroll 4
    for (int v = 0; v < J; v++) sum[i][v] = load(acc + i * kThinColumns + v * kLanes);
#pragma GCC unroll 8
  for (int p = 0; p < D; p++) {
    vec row[J];
#pragma GCC unroll 4
    for (int v = 0; v < J; v++)
      row[v] = live == kLanes ? load(b + p * ldb + v * kLanes) : load_first(b + p * ldb + v * kLanes, live);
#pragma GCC unroll 8
    for (int i = 0; i < M; i++) {
      vec x = splat(a[i * lda + p]);
#pragma GCC unroll 4
      for (int v = 0; v < J; v++) sum[i][v] = fma(x, row[v], sum[i][v]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < M; i++)
#pragma GCC unroll 4
    for (int v = 0; v < J; v++) store(acc + i * kThinColumns + v * kLanes, sum[i][v]);
}

template <int M, int D>
void thin_step(float* acc, const float* a, int64_t lda, const float* b, int64_t ldb, int64_t columns) {
  constexpr int kTogether = M <= 2 ? 4 : M <= 4 ? 2 : 1;
  int64_t j = 0;
  for (; j + kTogether * kLanes <= columns; j += kTogether * kLanes)
    thin_vectors<M, D, kTogether>(acc + j, a, lda, b + j, ldb, kLanes);
  for (; j < columns; j += kLanes) thin_vectors<M, D, 1>(acc + j, a, lda, b + j, ldb, (int)least(kLanes, columns - j));
}

// b stored (n, k): kLanes of its rows are walked along together and transposed in registers, block by block. With one
// or two rows of a, two such groups take turns: a single chain of additions would wait for itself.
template <int M>
void thin_rows(vec (&sum)[M], const float* a, int64_t lda, const float* b, int64_t ldb, int deep, int live) {
  vec r[kLanes];
  if (deep == kLanes && live == kLanes) {
    for (int l = 0; l < kLanes; l++) r[l] = load(b + l * ldb);
  } else {
    for (int l = 0; l < kLanes; l++) r[l] = l < live ? load_first(b + l * ldb, deep) : zero();
  }
  transpose(r);
  if (deep == kLanes) {
#pragma GCC unroll 16
    for (int q = 0; q < kLanes; q++)
#pragma GCC unroll 8
      for (int i = 0; i < M; i++) sum[i] = fma(splat(a[i * lda + q]), r[q], sum[i]);
  } else {
    for (int q = 0; q < deep; q++)
      for (int i = 0; i < M; i++) sum[i] = fma(splat(a[i * lda + q]), r[q], sum[i]);
  }
}

template <int M>
void thin_finish(float* y, const Matmul& g, int64_t column, int64_t columns, const fastcnn_epilogue& e) {
  Finish f;
  bool later = finish_with(e, &f);
  for (int i = 0; i < M; i++) {
    float* out = y + i * g.n + column;
    for (int64_t j = 0; j < columns; j += kLanes) {
      int live = (int)least(kLanes, columns - j);
      vec v = load_first(out + j, live);
      if (e.bias) v += load_first(e.bias + column + j, live);
      if (e.residual) v += load_first(e.residual + i * g.n + column + j, live);
      if (f.clamp) v = min(splat(f.high), max(splat(f.low), v));
      store_first(out + j, v, live);
    }
    if (later) apply_activation(out, columns, e.activation, e.alpha);
  }
}

template <int M>
void thin_columns(float* y, const float* a, const float* b, const Matmul& g, int64_t column, int64_t columns) {
  alignas(64) float acc[M * kThinColumns];
  int64_t piece = depth_of_block(g.k);
  for (int64_t from = 0; from < g.k; from += piece) {
    int64_t end = least(g.k, from + piece), p = from;
    for (int i = 0; i < M; i++) memset(acc + i * kThinColumns, 0, (size_t)align64(columns * 4));
    for (; p + kThinDepth <= end; p += kThinDepth)
      thin_step<M, kThinDepth>(acc, a + p, g.k, b + p * g.n + column, g.n, columns);
    for (; p < end; p++) thin_step<M, 1>(acc, a + p, g.k, b + p * g.n + column, g.n, columns);
    for (int i = 0; i < M; i++)
      for (int64_t j = 0; j < columns; j += kLanes) {
        int live = (int)least(kLanes, columns - j);
        float* out = y + i * g.n + column + j;
        vec sum = load(acc + i * kThinColumns + j);
        if (from > 0) sum = load_first(out, live) + sum;
        store_first(out, sum, live);
      }
  }
}

template <int M, int Groups>
void thin_groups(float* y, const float* a, const float* b, const Matmul& g, int64_t j, int live) {
  int64_t piece = depth_of_block(g.k);
  vec total[Groups][M] = {};
  for (int64_t from = 0; from < g.k; from += piece) {
    int64_t end = least(g.k, from + piece);
    vec sum[Groups][M];
    for (int v = 0; v < Groups; v++)
      for (int i = 0; i < M; i++) sum[v][i] = zero();
    for (int64_t p = from; p < end; p += kLanes)
#pragma GCC unroll 2
      for (int v = 0; v < Groups; v++)
        thin_rows<M>(sum[v], a + p, g.k, b + (j + v * kLanes) * g.k + p, g.k, (int)least(kLanes, end - p), live);
    for (int v = 0; v < Groups; v++)
      for (int i = 0; i < M; i++) total[v][i] = from > 0 ? total[v][i] + sum[v][i] : sum[v][i];
  }
  for (int v = 0; v < Groups; v++)
    for (int i = 0; i < M; i++) store_first(y + i * g.n + j + v * kLanes, total[v][i], live);
}

template <int M>
void thin_columns_transposed(float* y, const float* a, const float* b, const Matmul& g, int64_t column,
                             int64_t columns) {
  constexpr int kGroups = M <= 2 ? 2 : 1;
  int64_t j = column, end = column + columns;
  for (; j + kGroups * kLanes <= end; j += kGroups * kLanes) thin_groups<M, kGroups>(y, a, b, g, j, kLanes);
  for (; j < end; j += kLanes) thin_groups<M, 1>(y, a, b, g, j, (int)least(kLanes, end - j));
}

template <int M>
void thin(float* y, const float* a, const float* b, const Matmul& g, int64_t column, int64_t columns,
          const fastcnn_epilogue& e) {
  if (g.transpose_b)
    thin_columns_transposed<M>(y, a, b, g, column, columns);
  else
    thin_columns<M>(y, a, b, g, column, columns);
  thin_finish<M>(y, g, column, columns, e);
}

typedef void (*Thin)(float*, const float*, const float*, const Matmul&, int64_t, int64_t, const fastcnn_epilogue&);
constexpr Thin thin_of[kThinRows + 1] = {nullptr, thin<1>, thin<2>, thin<3>, thin<4>,
                                         thin<5>, thin<6>, thin<7>, thin<8>};

bool is_thin(const Matmul& g) { return g.m <= kThinRows && g.k > 0; }

void thin_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e, int threads) {
  int64_t parts = (g.n + kThinColumns - 1) / kThinColumns;
  while (parts < 2 * threads && g.n / parts > 64) parts *= 2;
  int64_t each = ((g.n + parts - 1) / parts + 15) / 16 * 16;
  int team = g.n * g.k / 16 < kSerialWork ? 1 : threads;
  parallel_tasks(team, (g.n + each - 1) / each,
                 [&](int64_t task, int) { thin_of[g.m](y, a, b, g, task * each, least(each, g.n - task * each), e); });
}

// to (columns, rows) = the transpose of from (rows, columns).
void transpose_into(float* to, const float* from, int64_t rows, int64_t columns, int threads) {
  int64_t stripes = (columns + kLanes - 1) / kLanes;
  int team = rows * columns / 16 < kSerialWork ? 1 : threads;
  parallel_tasks(team, stripes, [&](int64_t stripe, int) {
    int64_t c = stripe * kLanes;
    int across = (int)least(kLanes, columns - c);
    for (int64_t r = 0; r < rows; r += kLanes) {
      int down = (int)least(kLanes, rows - r);
      vec block[kLanes];
      for (int i = 0; i < kLanes; i++) block[i] = i < down ? load_first(from + (r + i) * columns + c, across) : zero();
      transpose(block);
      for (int i = 0; i < across; i++) store_first(to + (c + i) * rows + r, block[i], down);
    }
  });
}

int64_t transposed_bytes(const Matmul& g) { return g.transpose_a && g.m > 1 && g.k > 1 ? align64(g.m * g.k * 4) : 0; }

size_t one_workspace(const Matmul& g, int threads) {
  size_t bytes = (size_t)transposed_bytes(g);
  if (is_thin(g)) return bytes;
  return bytes + 64 + gather_workspace(g.m, 1, g.k > 0 ? g.k : 1, g.n, threads);
}

void one_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e, char* workspace,
                 int threads) {
  if (transposed_bytes(g)) {
    transpose_into((float*)workspace, a, g.k, g.m, threads);
    a = (const float*)workspace;
    workspace += transposed_bytes(g);
  }
  if (is_thin(g)) return thin_product(y, a, b, g, e, threads);
  int64_t* origin = (int64_t*)workspace;
  origin[0] = 0;
  Gather p{};
  p.n = p.oh = 1, p.ow = g.m;
  p.y = y, p.y_pixel = g.n;
  p.x = a, p.h = 1, p.w = g.m, p.x_pixel = g.k, p.step_h = p.step_w = 1;
  p.taps = g.k > 0, p.run = g.k > 0 ? g.k : 1, p.tap_h = p.tap_w = p.tap_at = origin, p.inside = true;
  p.filter = b, p.run_stride = g.transpose_b ? g.k : g.n, p.transposed = g.transpose_b, p.columns = g.n;
  p.epilogue = e, p.y_origin = y;
  gather_product(p, workspace + 64, threads);
}

// A batch of small products is shared out whole; large ones one after the other, each by all threads.
bool whole(const Matmul& g, int threads) { return g.batch >= 2 * threads && g.m * g.n * g.k < int64_t(1) << 24; }

size_t workspace(const Matmul& g, int threads) {
  if (!whole(g, threads)) return one_workspace(g, threads);
  return (size_t)threads * (size_t)align64((int64_t)one_workspace(g, 1));
}

void matmul(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e, char* workspace,
            int threads) {
  auto at = [&](int64_t i, char* scratch, int team) {
    fastcnn_epilogue own = e;
    if (e.residual) own.residual = e.residual + i * g.m * g.n;
    one_product(y + i * g.m * g.n, a + i * g.a_step, b + i * g.b_step, g, own, scratch, team);
  };
  if (!whole(g, threads)) {
    for (int64_t i = 0; i < g.batch; i++) at(i, workspace, threads);
    return;
  }
  size_t each = (size_t)align64((int64_t)one_workspace(g, 1));
  int team = g.batch * g.m * g.n * g.k / 16 < kSerialWork ? 1 : threads;
  parallel_tasks(team, g.batch, [&](int64_t i, int thread) { at(i, workspace + (size_t)thread * each, 1); });
}

}  // namespace

extern const GemmKernels gemm_kernels;
const GemmKernels gemm_kernels = {workspace, matmul};

}  // namespace ISA
}  // namespace fastcnn
