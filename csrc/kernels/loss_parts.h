// What pointwise_loss.cpp gives to the table in loss.cpp.
#pragma once
#include "loss.h"

namespace fastcnn {
namespace ISA {

constexpr float kEpsilon = 1e-7f;  // Keras clips probabilities to [kEpsilon, 1 - kEpsilon]

void pointwise_loss(float* loss, float* dx, const float* x, const float* t, const float* weights, float scale,
                    fastcnn_pointwise_loss kind, float parameter, int64_t n, int64_t c);

}  // namespace ISA
}  // namespace fastcnn
