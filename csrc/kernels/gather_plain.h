// Products of rows that lie one after the other (gather_plain.cpp).
#pragma once
#include "gather.h"

namespace fastcnn {
namespace ISA {

// Rows that go together: a whole number of tiles of any width, each with as many accumulators as registers allow.
constexpr int64_t kPlainRows = kTileRows * kTileVectors;

bool takes_plain(const Gather& g);
// filter: as gather_pack leaves it. Each of `team` threads has `own_bytes` of scratch, for `own_rows` runs where there
// is a prologue, kPlainRows of them or more.
void plain_product(const Gather& g, const float* filter, int team, char* own, int64_t own_bytes, int64_t own_rows);

}  // namespace ISA
}  // namespace fastcnn
