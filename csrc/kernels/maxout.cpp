// y[o, u, i] = max over p of x[o, u, p, i]; dx gets dy where the first of the largest pieces lies, else 0.
//
// Where there is an inner axis it is the vectorised one; otherwise the pieces are neighbours, and each maximum is one
// scalar pass over them. NaN counts as larger than every number.
#include "activation_parts.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

bool beats(float a, float best) { return a > best || (a != a && best == best); }
ivec beats(vec a, vec best) { return (a > best) | ((a != a) & (best == best)); }

}  // namespace

void maxout_forward(float* y, const float* x, int64_t outer, int64_t units, int64_t pieces, int64_t inner) {
  int64_t groups = outer * units, work = groups * pieces * (inner == 1 ? 1 : (inner + 15) / 16);
  parallel_ranges(groups, 16, work, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; g++) {
      const float* from = x + g * pieces * inner;
      if (inner == 1) {
        float best = from[0];
        for (int64_t p = 1; p < pieces; p++) best = beats(from[p], best) ? from[p] : best;
        y[g] = best;
        continue;
      }
      for (int64_t i = 0; i < inner; i += kLanes) {
        int lanes = inner - i < kLanes ? (int)(inner - i) : kLanes;
        vec best = load_first(from + i, lanes);
        for (int64_t p = 1; p < pieces; p++) {
          vec a = load_first(from + p * inner + i, lanes);
          best = select(beats(a, best), a, best);
        }
        store_first(y + g * inner + i, best, lanes);
      }
    }
  });
}

void maxout_backward(float* dx, const float* dy, const float* x, int64_t outer, int64_t units, int64_t pieces,
                     int64_t inner) {
  int64_t groups = outer * units, work = 2 * groups * pieces * (inner == 1 ? 1 : (inner + 15) / 16);
  parallel_ranges(groups, 16, work, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; g++) {
      const float* from = x + g * pieces * inner;
      float* to = dx + g * pieces * inner;
      if (inner == 1) {
        int64_t at = 0;
        for (int64_t p = 1; p < pieces; p++) at = beats(from[p], from[at]) ? p : at;
        for (int64_t p = 0; p < pieces; p++) to[p] = p == at ? dy[g] : 0;
        continue;
      }
      for (int64_t i = 0; i < inner; i += kLanes) {
        int lanes = inner - i < kLanes ? (int)(inner - i) : kLanes;
        vec best = load_first(from + i, lanes), grad = load_first(dy + g * inner + i, lanes);
        ivec at{};
        for (int64_t p = 1; p < pieces; p++) {
          vec a = load_first(from + p * inner + i, lanes);
          ivec better = beats(a, best);
          best = select(better, a, best);
          at = select(better, isplat((int32_t)p), at);
        }
        for (int64_t p = 0; p < pieces; p++)
          store_first(to + p * inner + i, select(at == isplat((int32_t)p), grad, zero()), lanes);
      }
    }
  });
}

}  // namespace ISA
}  // namespace fastcnn
