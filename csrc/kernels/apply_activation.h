// The activation as the last step of another kernel, on a tile that is still in the first-level cache.
#pragma once
#include <stdint.h>

#include "fastcnn/core.h"

namespace fastcnn {
namespace ISA {

// rows[i * step + j] = f(rows[i * step + j]), i < count, j < width: in place, on the calling thread.
void apply_activation(float* rows, int64_t count, int64_t width, int64_t step, fastcnn_activation f, float alpha);

}  // namespace ISA
}  // namespace fastcnn
