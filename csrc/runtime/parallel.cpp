// The loops of parallel.h and shares.h.
#include "runtime/parallel.h"

#include "runtime/seats.h"
#include "runtime/shares.h"

namespace fastcnn {

int threads_for(int64_t tasks, int64_t work) {
  if (tasks < 2 || work < kSerialWork || omp_in_parallel()) return 1;
  int limit = thread_limit();
  return tasks < limit ? (int)tasks : limit;
}

void team(int threads, Part f) {
  if (threads <= 1 || omp_in_parallel()) return f(0, 1);
  Seats seats;
#pragma omp parallel num_threads(threads)
  {
    int thread = omp_get_thread_num(), size = omp_get_num_threads();
    seats.sit(thread, size - 1);
    f(thread, size);
    thread ? seats.rise() : seats.wait(size - 1);
  }
}

void parallel_for(int64_t tasks, int64_t work, Part f) { parallel_tasks(threads_for(tasks, work), tasks, f); }

void parallel_tasks(int threads, int64_t tasks, Part f) {
  if (threads > tasks) threads = (int)tasks;
  if (threads <= 1 || omp_in_parallel()) {
    for (int64_t task = 0; task < tasks; task++) f(task, 0);
    return;
  }
  int64_t next = 0;
  team(threads, [&](int64_t thread, int64_t) {
    for (int64_t task; (task = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < tasks;) f(task, thread);
  });
}

void parallel_ranges(int64_t size, int64_t grain, int64_t work, Part f) {
  const int64_t grains = (size + grain - 1) / grain;
  if (grains == 0) return;
  team(threads_for(grains, work), [&](int64_t thread, int64_t threads) {
    int64_t begin = grains * thread / threads * grain, end = grains * (thread + 1) / threads * grain;
    f(begin, end < size ? end : size);
  });
}

void parallel_shares(int threads, int64_t tasks, Part f) {
  if (threads > tasks) threads = (int)tasks;
  if (threads <= 1 || omp_in_parallel()) return parallel_tasks(1, tasks, f);
  Share shares[kMostShares];
  const int count = threads < kMostShares ? threads : kMostShares;
  for (int i = 0; i < count; i++)
    shares[i].left = (uint64_t)(tasks * i / count) | (uint64_t)(tasks * (i + 1) / count) << 32;
  team(threads, [&](int64_t thread, int64_t) {
    for (int i = 0; i < count; i++)
      for (int64_t task; (task = shares[(thread + i) % count].take(i == 0 && thread < count)) >= 0;) f(task, thread);
  });
}

}  // namespace fastcnn
