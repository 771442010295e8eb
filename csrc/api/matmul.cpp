#include "fastcnn/matmul.h"

#include "api/check.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

Matmul geometry(Check& check, const fastcnn_matmul_params* p) {
  check.pointer("params", p);
  if (check.failed()) return {};
  check.count("a", {p->batch_a ? p->batch : 1, p->m, p->k});
  check.count("b", {p->batch_b ? p->batch : 1, p->k, p->n});
  check.count("y", {p->batch, p->m, p->n});
  if (check.failed()) return {};
  return {p->batch,
          p->m,
          p->n,
          p->k,
          p->transpose_a != 0,
          p->transpose_b != 0,
          p->batch_a ? p->m * p->k : 0,
          p->batch_b ? p->k * p->n : 0,
          p->finite_b != 0};
}

bool empty(const Matmul& g) { return g.batch == 0 || g.m == 0 || g.n == 0; }

}  // namespace

fastcnn_status fastcnn_matmul_workspace(const fastcnn_matmul_params* p, size_t* bytes) {
  Check check("matmul_workspace");
  Matmul g = geometry(check, p);
  check.pointer("bytes", bytes);
  if (check.failed()) return check.status();
  *bytes = empty(g) ? 0 : kernels().gemm->workspace(g, thread_limit()) + 64;
  return FASTCNN_OK;
}

fastcnn_status fastcnn_matmul(const fastcnn_matmul_params* p, const float* a, const float* b,
                              const fastcnn_epilogue* epilogue, float* y, void* workspace, size_t workspace_bytes) {
  Check check("matmul");
  Matmul g = geometry(check, p);
  check_epilogue(check, epilogue);
  if (check.failed() || empty(g)) return check.status();
  check.pointer("a", a, g.k).pointer("b", b, g.k).pointer("y", y);
  if (check.failed()) return check.status();
  int threads = thread_limit();
  Workspace memory("matmul", workspace, workspace_bytes, kernels().gemm->workspace(g, threads) + 64);
  if (memory.status()) return memory.status();
  kernels().gemm->matmul(y, a, b, g, epilogue ? *epilogue : fastcnn_epilogue{}, memory.data(), threads);
  return FASTCNN_OK;
}
