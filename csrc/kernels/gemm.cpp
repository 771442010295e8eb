// Matrix products, by the shape of the larger side: one pass along b for one row (gemm_row.h) or a few (gemm_thin.h), b
// packed block by block for more of them, a packed so where it is transposed (gemm_blocks.h), many rows and a large b,
// or a transposed a with long sums (gemm_large.h), else a gathered product of a single tap (gather.h). Which one it is
// never shows in the bits: they all are the same chains of multiply-adds in the same blocks of kDepth.
#include "gemm.h"

#include "gather.h"
#include "gemm_blocks.h"
#include "gemm_large.h"
#include "gemm_row.h"
#include "gemm_thin.h"
#include "runtime/parallel.h"
#include "sizes.h"

namespace fastcnn {
namespace ISA {
namespace {

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

// What the file's head tells, in the order in which it is asked.
enum class Way { row, thin, tall, few, large, gathered };
Way way_of(const Matmul& g) {
  if (is_row(g)) return Way::row;
  if (is_thin(g)) return Way::thin;
  if (is_tall(g)) return Way::tall;
  if (is_few(g)) return Way::few;
  return is_large(g) ? Way::large : Way::gathered;
}

// Of a transposed a, for the ways that read it row by row.
int64_t transposed_bytes(const Matmul& g, Way way) {
  const bool by_rows = way == Way::thin || way == Way::few || way == Way::gathered;
  return by_rows && g.transpose_a && g.m > 1 && g.k > 1 ? align64(g.m * g.k * 4) : 0;
}

size_t one_workspace(const Matmul& g, int threads) {
  const Way way = way_of(g);
  const size_t bytes = (size_t)transposed_bytes(g, way);
  switch (way) {
    case Way::row:
      return RowPlan(g, threads).bytes(g);
    case Way::thin:
      return bytes + ThinPlan(g, threads).bytes(g);
    case Way::tall:
      return TallPlan(g, threads).bytes(g, threads);
    case Way::few:
      return bytes + FewPlan(g, threads).bytes(g);
    case Way::large:
      return LargePlan(g, threads).bytes(g, threads);
    default:
      return bytes + 64 + gather_workspace(g.m, 1, g.k > 0 ? g.k : 1, g.n, threads);
  }
}

void gathered_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e,
                      char* workspace, int threads) {
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

void one_product(float* y, const float* a, const float* b, const Matmul& g, const fastcnn_epilogue& e, char* workspace,
                 int threads) {
  const Way way = way_of(g);
  if (const int64_t bytes = transposed_bytes(g, way)) {
    transpose_into((float*)workspace, a, g.k, g.m, threads);
    a = (const float*)workspace;
    workspace += bytes;
  }
  switch (way) {
    case Way::row:
      return row_product(y, a, b, g, e, workspace, threads);
    case Way::thin:
      return thin_product(y, a, b, g, e, workspace, threads);
    case Way::tall:
      return tall_product(y, a, b, g, e, workspace, threads);
    case Way::few:
      return few_product(y, a, b, g, e, workspace, threads);
    case Way::large:
      return large_product(y, a, b, g, e, workspace, threads);
    default:
      return gathered_product(y, a, b, g, e, workspace, threads);
  }
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
    if (e.gate) own.gate = e.gate + i * g.m * g.n;
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
