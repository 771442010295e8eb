// A leaf of the filter gradient of a depthwise convolution: some neighbouring output pixels, summed in registers.
#pragma once
#include "depthwise.h"
#include "depthwise_lines.h"

namespace fastcnn {
namespace ISA {

constexpr int64_t kLeafChannels = 256;  // at most

// Whether add_leaf_3x3 does this gradient: all nine taps of some channels, over rows (counted over all images) times
// columns of dy, added to what dw holds, or stored where they are the first.
bool is_3x3_dw(const Depthwise2d& d);
void add_leaf_3x3(float* dw, const float* x, const float* dy, const Depthwise2d& d, Range rows, Range columns,
                  Range channels, bool first);

}  // namespace ISA
}  // namespace fastcnn
