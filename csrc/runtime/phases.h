// Work that needs what all threads of a region have done, within the same region: to wake a team a second time can take
// longer than adding up its sums.
#pragma once
#include "runtime/parallel.h"
#include "runtime/seats.h"

namespace fastcnn {

class NextPhase {
 public:
  // Called by each thread when it has done `mine` of `all` tasks: then f(piece) for the pieces that are left. Nobody
  // waits long, for who comes last does what is left.
  template <class F>
  void run(int64_t mine, int64_t all, int64_t pieces, F f) {
    __atomic_fetch_add(&done_, mine, __ATOMIC_ACQ_REL);
    if (pieces == 0 || !reaches(&done_, all)) return;
    for (int64_t piece; (piece = __atomic_fetch_add(&next_, 1, __ATOMIC_RELAXED)) < pieces;) f(piece);
  }

 private:
  int64_t done_ = 0, next_ = 0;
};

}  // namespace fastcnn
