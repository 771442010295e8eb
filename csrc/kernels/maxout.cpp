// y[o, u, i] = max over p of x[o, u, p, i]; dx gets dy where the first of the largest pieces lies, else 0.
//
// Where there is an inner axis it is the vectorised one; otherwise the pieces are neighbours, and a vector takes the
// same piece of one group after the other. NaN counts as larger than every number.
#include "activation_parts.h"
#include "runtime/parallel.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

bool beats(float a, float best) { return a > best || (a != a && best == best); }
ivec beats(vec a, vec best) { return (a > best) | ((a != a) & (best == best)); }

// y[g] = the largest of x[g, 0..pieces), for as many whole vectors as there are; how many floats of y that is.
int64_t neighbours_forward(float* y, const float* x, int64_t groups, int64_t pieces, bool past) {
  ivec first{};
  for (int l = 0; l < kLanes; l++) first[l] = l * (int32_t)(pieces < 1 << 24 ? pieces : 0);
  int64_t g = 0;
  for (; g + kLanes <= groups && pieces < 1 << 24; g += kLanes, x += kLanes * pieces) {
    __builtin_prefetch(x + kAhead);
    __builtin_prefetch(x + kAhead + kLanes);
    vec best;
    if (pieces == 2) {
      ivec even = first, odd = first + 1;
      vec a = load(x), b = load(x + kLanes), second = __builtin_shuffle(a, b, odd);
      best = __builtin_shuffle(a, b, even);
      best = select(beats(second, best), second, best);
    } else {
      best = gather(x, first);
      for (int64_t p = 1; p < pieces; p++) {
        vec a = gather(x + p, first);
        best = select(beats(a, best), a, best);
      }
    }
    put(y + g, best, past);
  }
  return g;
}

}  // namespace

void maxout_forward(float* y, const float* x, int64_t outer, int64_t units, int64_t pieces, int64_t inner) {
  int64_t groups = outer * units, work = groups * pieces * (inner == 1 ? 1 : (inner + 15) / 16);
  bool past = inner == 1 && streams(y, groups);
  parallel_ranges(groups, 16, work, [&](int64_t begin, int64_t end) {
    if (inner == 1) begin += neighbours_forward(y + begin, x + begin * pieces, end - begin, pieces, past);
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
    if (past) stream_fence();
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
