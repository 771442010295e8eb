// Peak and copy bandwidth: short runs, repeated until the time is up; the best one counts, the others were disturbed.
#include <time.h>

#include "api/check.h"
#include "fastcnn.h"
#include "kernels/table.h"
#include "runtime/runtime.h"

using namespace fastcnn;

namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// The best of `work` per second over `seconds`, and at least three runs.
template <class F>
double best_rate(double seconds, double work, F run) {
  double end = now() + seconds, best = 0;
  for (int runs = 0; runs < 3 || now() < end; runs++) {
    double start = now();
    run();
    double rate = work / (now() - start);
    if (rate > best) best = rate;
  }
  return best;
}

Check& common(Check& check, int threads, double seconds, const double* result) {
  check.range("threads", threads, 1, kMaxThreads).pointer("result", result);
  return check.that(seconds >= 0 && seconds <= 600, "seconds must be between 0 and 600, got %g", seconds);
}

}  // namespace

fastcnn_status fastcnn_probe_peak(int threads, double seconds, double* gflops) {
  Check check("probe_peak");
  if (common(check, threads, seconds, gflops).failed()) return check.status();
  const ProbeKernels& probe = *kernels().probe;
  constexpr int64_t rounds = 1 << 20;  // some milliseconds
  double work = 2e-9 * (double)rounds * (double)probe.multiply_adds * threads;
  *gflops = best_rate(seconds, work, [&] { probe.multiply_add(threads, rounds); });
  return FASTCNN_OK;
}

fastcnn_status fastcnn_probe_copy(int threads, int64_t bytes, int streaming, double seconds,
                                  double* gigabytes_per_second) {
  Check check("probe_copy");
  common(check, threads, seconds, gigabytes_per_second).range("bytes", bytes, 64, INT64_MAX / 4);
  if (check.failed()) return check.status();
  int64_t size = bytes / 64 * 16;  // floats, whole vectors of every ISA
  Workspace workspace("probe_copy", nullptr, 0, 2 * (size_t)size * sizeof(float));
  if (workspace.status() != FASTCNN_OK) return workspace.status();
  float* x = reinterpret_cast<float*>(workspace.data());
  // Pages there before the clock runs, and numbers in them: some machines move lines of zeros faster.
  for (int64_t i = 0; i < 2 * size; i++) x[i] = (float)(i % 65521);
  *gigabytes_per_second = best_rate(seconds, 2e-9 * (double)size * sizeof(float),
                                    [&] { kernels().probe->copy(x + size, x, size, threads, streaming != 0); });
  return FASTCNN_OK;
}
