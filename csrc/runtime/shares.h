// Tasks for threads that keep to their part of an array.
//
// A layer's pixels were written by the threads that had the layer before, each in its own cache. Where threads take
// tasks from one counter, every other one reads what the other core has. Here each begins with its own share, the same
// part of the array in every layer, and takes from the ends of others' only when that is done.
#pragma once
#include "runtime/parallel.h"

namespace fastcnn {

// What is left of a share: its first task in the lower half, the end in the upper one.
struct alignas(64) Share {
  uint64_t left;
  // The first task that is left or, for others, the last; -1: none.
  int64_t take(bool own) {
    uint64_t was = __atomic_load_n(&left, __ATOMIC_RELAXED);
    for (;;) {
      uint32_t first = (uint32_t)was, end = (uint32_t)(was >> 32);
      if (first >= end) return -1;
      uint64_t now = own ? was + 1 : was - (uint64_t(1) << 32);
      if (__atomic_compare_exchange_n(&left, &was, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        return own ? first : end - 1;
    }
  }
};

constexpr int kMostShares = 64;

// As parallel_tasks: f(task, thread), of fewer than 2^32 tasks.
void parallel_shares(int threads, int64_t tasks, Part f);

}  // namespace fastcnn
