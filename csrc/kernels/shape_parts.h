// What the files of the shape family share.
#pragma once
#include "runtime/parallel.h"
#include "shape.h"
#include "stream.h"
#include "vec.h"

namespace fastcnn {
namespace ISA {

void transpose(float* y, const float* x, const Nest& nest);
void pad(float* y, const float* x, const PadNest& nest, fastcnn_pad_mode mode, float value);
void fold_axis(float* dx, const float* dy, int64_t outer, int64_t n, int64_t before, int64_t after, int64_t run,
               fastcnn_pad_mode mode);

constexpr int64_t kTask = 8192;  // floats of one task, at least

// A run of a few floats. The last vector overlaps the one before it, for a masked store takes long on some CPUs.
static inline void copy_few(float* y, const float* x, int64_t n) {
  if (n >= kLanes) {
    for (int64_t i = 0; i < n - kLanes; i += kLanes) store(y + i, load(x + i));
    store(y + n - kLanes, load(x + n - kLanes));
  } else if (kLanes == 16 && n > 3) {
    store_first(y, load_first(x, (int)n), (int)n);
  } else {
    for (int64_t i = 0; i < n; i++) y[i] = x[i];
  }
}
// A run of any length: only a long one pays for a call.
static inline void copy_run(float* y, const float* x, int64_t n) {
  if (n < 1024)
    copy_few(y, x, n);
  else
    memcpy(y, x, (size_t)n * sizeof(float));
}
// The same past the caches, if y begins with a line.
static inline void copy_past(float* y, const float* x, int64_t n) {
  bool past = (uintptr_t)y % 64 == 0;
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) put(y + i, load(x + i), past);
  if (i < n) store_first(y + i, load_first(x + i, (int)(n - i)), (int)(n - i));
}
static inline void fill_run(float* y, float value, int64_t n, bool past = false) {
  vec v = splat(value);
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) put(y + i, v, past);
  if (i < n) store_first(y + i, v, (int)(n - i));
}
// Writes a contiguous array run by run, past the caches if it is large: runs that are not whole lines wait for the next
// ones. It begins at a whole line. Shorter runs than kShort are stored at once: waiting would take longer.
class Writer {
 public:
  static constexpr int64_t kShort = 16;
  Writer(float* y, bool past) : y_(y), past_(past && (uintptr_t)y % 64 == 0) {}
  ~Writer() {
    flush();
    copy_run(y_, waiting_, held_);
    stream_fence();
  }
  __attribute__((noinline)) void copy(const float* x, int64_t n) {
    run(n, [&](float* to, int64_t at, int64_t m, bool past) {
      past ? copy_past(to, x + at, m) : copy_run(to, x + at, m);
    });
  }
  __attribute__((noinline)) void fill(float value, int64_t n) {
    run(n, [&](float* to, int64_t, int64_t m, bool past) { fill_run(to, value, m, past); });
  }
  // f(to, from which number of the run on, how many, past)
  template <class F>
  void run(int64_t n, F f) {
    for (int64_t at = 0, m; at < n; at += m) {
      m = n - at;
      if (!past_) {
        f(y_, at, m, false);
        y_ += m;
      } else if (m >= kLong && held_ % 16 == 0) {
        flush();
        m = m / 16 * 16;
        f(y_, at, m, true);
        y_ += m;
      } else {
        int64_t room = m >= kLong ? 16 - held_ % 16 : kHeld - held_;
        m = m < room ? m : room;
        f(waiting_ + held_, at, m, false);
        held_ += m;
        if (held_ == kHeld) flush();
      }
    }
  }

 private:
  static constexpr int64_t kHeld = 512, kLong = 64;
  __attribute__((noinline)) void flush() {
    int64_t lines = held_ / 16 * 16;
    copy_past(y_, waiting_, lines);
    y_ += lines;
    held_ -= lines;
    for (int64_t i = 0; i < held_; i++) waiting_[i] = waiting_[lines + i];
  }
  float* y_;
  bool past_;
  int64_t held_ = 0;
  alignas(64) float waiting_[kHeld + 16];
};

}  // namespace ISA
}  // namespace fastcnn
