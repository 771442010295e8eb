// The activation as the last step of another kernel, on a tile that is still in the first-level cache.
#pragma once
#include <stdint.h>

#include "fastcnn/core.h"

namespace fastcnn {
namespace ISA {

// row[i] = f(row[i]) for n contiguous floats: in place, on the calling thread.
void apply_activation(float* row, int64_t n, fastcnn_activation f, float alpha);

}  // namespace ISA
}  // namespace fastcnn
