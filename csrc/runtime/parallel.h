// Loops whose tasks OpenMP's threads share.
//
// Threads never change a result: they only share out tasks, and a task's arithmetic does not depend on who runs it.
// A region inside another runs serially, and so does one whose work is too small to pay for waking the team.
#pragma once
#include <omp.h>
#include <stdint.h>

namespace fastcnn {

int thread_limit();  // threads.cpp: what the next region may use

// Waking a team costs some microseconds. Work is counted in vector operations: a float moved is 1/16, so is a
// multiply-add of one lane; below this much, one thread is faster.
constexpr int64_t kSerialWork = 1 << 13;

// The threads a region of this much work should use; at least one.
int threads_for(int64_t tasks, int64_t work);

// A caller's function object of one or two numbers, which outlives the call. The loops lie in parallel.cpp: as
// templates they would be compiled with every kernel, for each instruction set.
class Part {
 public:
  template <class F>
  Part(const F& f) : call_(call<F>), f_(&f) {}
  void operator()(int64_t a, int64_t b) const { call_(f_, a, b); }

 private:
  template <class F>
  static void call(const void* f, int64_t a, int64_t b) {
    if constexpr (requires(const F& g) { g(a); })
      (*(const F*)f)(a);
    else
      (*(const F*)f)(a, b);
  }
  void (*call_)(const void*, int64_t, int64_t);
  const void* f_;
};

// f(thread, threads) on each thread of a team.
void team(int threads, Part f);

// f(task) for every task in [0, tasks), shared out dynamically. work: of all tasks, in vector operations.
void parallel_for(int64_t tasks, int64_t work, Part f);

// The same for tasks that need scratch memory of their thread: f(task, thread), thread < threads.
void parallel_tasks(int threads, int64_t tasks, Part f);

// f(begin, end) over [0, size) cut into equal runs whose bounds are multiples of `grain`: for loops over elements.
void parallel_ranges(int64_t size, int64_t grain, int64_t work, Part f);

}  // namespace fastcnn
