// What softmax.cpp gives to loss.cpp.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {

constexpr int64_t kBeside = 224;  // floats of a row, at most, for sums of kLanes rows side by side
// Vectors of four gain too little for the code's size.
static inline bool side_by_side(int64_t c) { return kLanes > 4 && c <= kBeside; }

// Of each row.
struct SoftmaxRows {
  float largest[kLanes], log_sum[kLanes], scale[kLanes];  // p = e^(x - largest) scale
};

// y = softmax(x) times the row's weight (weights null: 1), or its logarithm, of up to kLanes contiguous rows of up to
// kBeside. y may be x, or null: then only `of` is filled in.
void softmax_rows(float* y, const float* x, int64_t rows, int64_t c, const float* weights, bool log_of, bool past,
                  SoftmaxRows& of);

}  // namespace ISA
}  // namespace fastcnn
