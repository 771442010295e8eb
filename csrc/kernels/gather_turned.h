// Products of few pixels with a filter that lies transposed (gather_turned.cpp).
#pragma once
#include "gather.h"

namespace fastcnn {
namespace ISA {

// Of pixels that lie one after the other.
bool takes_turned(const Gather& g);
int64_t turned_bytes(int64_t run);
void turned_product(const Gather& g, float* packed, int team);

}  // namespace ISA
}  // namespace fastcnn
