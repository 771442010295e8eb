// The threads of a region on a core each.
//
// A thread that waits sleeps soon (see fastcnn/_waiting.py), and Linux may wake it on the core of the thread that woke
// it. With kernels of some microseconds both then take turns on one core for as long as the program runs, for each
// looks idle half of the time: a product that takes 4 us took 70. So a thread that finds its core taken by another of
// its region moves to a free one. It may run everywhere afterwards, as before.
#pragma once
#include <sched.h>
#include <stdint.h>

namespace fastcnn {

// All of it lies in seats.cpp: an inline function would be compiled with every kernel, for each instruction set.
class Seats {
 public:
  Seats();

  // Called by each thread of the region before its work; by each but the first after it.
  void sit(int thread, int others);
  void rise();

  // Called by the first thread after its work.
  void wait(int others);

 private:
  bool take(int cpu);  // false: another thread has it
  void move();

  static constexpr int kCpus = CPU_SETSIZE, kBits = 64;
  int arrived_ = 0, left_ = 0;
  uint64_t taken_[kCpus / kBits] = {};
};

// Whether a count that others add to reaches `all` while this thread waits awake, which it does for some microseconds.
bool reaches(const int64_t* count, int64_t all);

}  // namespace fastcnn
