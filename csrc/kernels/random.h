// The table entries of random.cpp.
#pragma once
#include <stdint.h>

#include "fastcnn/random.h"

namespace fastcnn {

struct RandomKernels {
  // words (blocks, 4)
  void (*blocks)(uint32_t* words, uint64_t seed, uint64_t stream, uint64_t first, int64_t blocks);
  // y = min(low + u * span, top), u in [0, 1)
  void (*uniform)(float* y, fastcnn_random r, int64_t size, float low, float span, float top);
  void (*normal)(float* y, fastcnn_random r, int64_t size, float mean, float stddev);
  void (*truncated_normal)(float* y, fastcnn_random r, int64_t size, float mean, float stddev);
  // y = 1 where the element's word is at most `last`, else 0
  void (*bernoulli)(float* y, fastcnn_random r, int64_t size, uint32_t last);
  // y = 0 where the element's word is at most `last`, else x * scale; y may be x
  void (*dropout)(float* y, const float* x, fastcnn_random r, int64_t size, uint32_t last, float scale);
  // x (n, pixels, c), mask (n, c)
  void (*dropout_channels)(float* y, const float* x, fastcnn_random r, int64_t n, int64_t pixels, int64_t c,
                           uint32_t last, float scale);
  // y = low + a number below range; range > 0
  void (*integers)(int64_t* y, fastcnn_random r, int64_t size, int64_t low, uint64_t range);
  void (*permutation)(int64_t* y, fastcnn_random r, int64_t n);
};

}  // namespace fastcnn
