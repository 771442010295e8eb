// Loops whose tasks OpenMP's threads share.
//
// Threads never change a result: they only share out tasks, and a task's arithmetic does not depend on who runs it.
// A region inside another runs serially, and so does one whose work is too small to pay for waking the team.
#pragma once
#include <omp.h>
#include <stdint.h>

#include "runtime/seats.h"

namespace fastcnn {

int thread_limit();  // threads.cpp: what the next region may use

// Waking a team costs some microseconds. Work is counted in vector operations: a float moved is 1/16, so is a
// multiply-add of one lane; below this much, one thread is faster.
constexpr int64_t kSerialWork = 1 << 13;

// The threads a region of this much work should use; at least one.
static inline int threads_for(int64_t tasks, int64_t work) {
  if (tasks < 2 || work < kSerialWork || omp_in_parallel()) return 1;
  int limit = thread_limit();
  return tasks < limit ? (int)tasks : limit;
}

// f(thread, threads) on each thread of a team.
template <class F>
static void team(int threads, F f) {
  Seats seats;
#pragma omp parallel num_threads(threads)
  {
    int thread = omp_get_thread_num(), size = omp_get_num_threads();
    seats.sit(thread, size - 1);
    f(thread, size);
    thread ? seats.rise() : seats.wait(size - 1);
  }
}

// f(task) for every task in [0, tasks), shared out dynamically. work: of all tasks, in vector operations.
template <class F>
static void parallel_for(int64_t tasks, int64_t work, F f) {
  int threads = threads_for(tasks, work);
  if (threads == 1) {
    for (int64_t task = 0; task < tasks; task++) f(task);
    return;
  }
  int64_t next = 0;
  team(threads, [&](int, int) {
    for (int64_t task; (task = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < tasks;) f(task);
  });
}

// The same for tasks that need scratch memory of their thread: f(task, thread), thread < threads.
template <class F>
static void parallel_tasks(int threads, int64_t tasks, F f) {
  if (threads > tasks) threads = (int)tasks;
  if (threads <= 1 || omp_in_parallel()) {
    for (int64_t task = 0; task < tasks; task++) f(task, 0);
    return;
  }
  int64_t next = 0;
  team(threads, [&](int thread, int) {
    for (int64_t task; (task = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < tasks;) f(task, thread);
  });
}

// f(begin, end) over [0, size) cut into equal runs whose bounds are multiples of `grain`: for loops over elements.
template <class F>
static void parallel_ranges(int64_t size, int64_t grain, int64_t work, F f) {
  int64_t grains = (size + grain - 1) / grain;
  int threads = threads_for(grains, work);
  if (threads == 1) {
    if (size > 0) f((int64_t)0, size);
    return;
  }
  team(threads, [&](int thread, int team_size) {
    int64_t begin = grains * thread / team_size * grain, end = grains * (thread + 1) / team_size * grain;
    f(begin, end < size ? end : size);
  });
}

}  // namespace fastcnn
