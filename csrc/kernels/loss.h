// The table entries of loss.cpp and pointwise_loss.cpp. One loss a row; dx, unless null, is its gradient times scale
// times the row's weight (weights null: 1).
#pragma once
#include <stdint.h>

#include "fastcnn/loss.h"

namespace fastcnn {

struct LossKernels {
  // x: (n, c) logits, or probabilities; the target is labels (n,) or, where that is null, targets (n, c).
  void (*cross_entropy)(float* loss, float* dx, const float* x, const int64_t* labels, const float* targets,
                        const float* weights, float scale, float smoothing, int64_t n, int64_t c, bool logits);
  // x, t: (n, c); a row's loss is the mean of its c.
  void (*pointwise)(float* loss, float* dx, const float* x, const float* t, const float* weights, float scale,
                    fastcnn_pointwise_loss kind, float parameter, int64_t n, int64_t c);
};

}  // namespace fastcnn
