// The threads of a region on a core each.
//
// A thread that waits sleeps soon (see fastcnn/_waiting.py), and Linux may wake it on the core of the thread that woke
// it. With kernels of some microseconds both then take turns on one core for as long as the program runs, for each
// looks idle half of the time: a product that takes 4 us took 70. So a thread that finds its core taken by another of
// its region moves to a free one. It may run everywhere afterwards, as before.
#pragma once
#include <sched.h>
#include <stdint.h>

#include <atomic>

namespace fastcnn {

class Seats {
 public:
  Seats() { take(sched_getcpu()); }

  // Called by each further thread of the region, before and after its work.
  void sit() {
    arrived_.fetch_add(1, std::memory_order_relaxed);
    if (!take(sched_getcpu())) move();
  }
  void rise() { left_.fetch_add(1, std::memory_order_release); }

  // Called by the first thread after its work.
  void wait(int others);

 private:
  static constexpr int kCpus = CPU_SETSIZE, kBits = 64;

  bool take(int cpu) {
    if (cpu < 0 || cpu >= kCpus) return true;
    uint64_t bit = uint64_t(1) << cpu % kBits;
    return !(taken_[cpu / kBits].fetch_or(bit, std::memory_order_relaxed) & bit);
  }

  void move();

  std::atomic<int> arrived_{0}, left_{0};
  std::atomic<uint64_t> taken_[kCpus / kBits] = {};
};

}  // namespace fastcnn
