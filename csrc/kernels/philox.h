// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3, 2011), thirty-two blocks
// at once.
//
// A word sits in the low half of a 64-bit lane, because that is where the hardware multiplies 32 x 32 -> 64 bits: the
// product's low half is in place for the next round and its high half is one shift away, so a round needs no shuffles.
// What is left in the high halves is never looked at. Even and odd blocks join to full vectors only at the end.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {
namespace {

constexpr int kWords = 4;               // of one block
constexpr int kGroup = kWords * kWide;  // elements that sixteen blocks serve
constexpr int kVectorsOf16 = kWide / kLanes;
constexpr uint32_t kMultiply0 = 0xD2511F53u, kMultiply1 = 0xCD9E8D57u;
constexpr uint32_t kKeyStep0 = 0x9E3779B9u, kKeyStep1 = 0xBB67AE85u;
constexpr int kRounds = 10, kAtOnce = 2 * kWide;

// word[k][j]: lane l holds word k of block j * kLanes + l.
struct Words {
  uvec word[kWords][kVectorsOf16];
};

struct Blocks {
  lvec c0, c1, c2, c3;
};

inline Blocks philox_round(Blocks b, const uint64_t (&key)[2]) {
  lvec p0 = mul_low(b.c0, lvec{} + kMultiply0), p1 = mul_low(b.c2, lvec{} + kMultiply1);
  return {(p1 >> 32) ^ b.c1 ^ (lvec{} + key[0]), p1, (p0 >> 32) ^ b.c3 ^ (lvec{} + key[1]), p0};
}

inline uvec interleave(lvec even, lvec odd) { return (uvec)((even & (uint64_t)0xffffffffu) | (odd << 32)); }

// One stream, its rounds' keys worked out.
struct Philox {
  uint64_t stream, key[kRounds][2];

  Philox(uint64_t seed, uint64_t stream) : stream(stream) {
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < kRounds; round++, key0 += kKeyStep0, key1 += kKeyStep1)
      key[round][0] = key0, key[round][1] = key1;
  }

  // The kAtOnce blocks from first on. A round waits for the one before, so as many run side by side as registers hold.
  __attribute__((noinline)) void operator()(uint64_t first, Words (&words)[2]) const {
    constexpr int kSide = kLanes == 16 ? 2 : 1;
    lvec twice{}, stream0 = lvec{} + (stream & 0xffffffffu), stream1 = lvec{} + (stream >> 32);
    for (int i = 0; i < kLanes / 2; i++) twice[i] = (uint64_t)(2 * i);
    for (int j = 0; j < 2 * kVectorsOf16; j += kSide) {
      Blocks even[kSide], odd[kSide];
      for (int i = 0; i < kSide; i++) {
        lvec counter = twice + (first + (uint64_t)((j + i) * kLanes)), next = counter + 1;
        even[i] = {counter, counter >> 32, stream0, stream1};
        odd[i] = {next, next >> 32, stream0, stream1};
      }
      for (int round = 0; round < kRounds; round++)
#pragma GCC unroll 2
        for (int i = 0; i < kSide; i++) {
          even[i] = philox_round(even[i], key[round]);
          odd[i] = philox_round(odd[i], key[round]);
        }
#pragma GCC unroll 2
      for (int i = 0; i < kSide; i++) {
        Words& to = words[(j + i) / kVectorsOf16];
        int at = (j + i) % kVectorsOf16;
        to.word[0][at] = interleave(even[i].c0, odd[i].c0);
        to.word[1][at] = interleave(even[i].c1, odd[i].c1);
        to.word[2][at] = interleave(even[i].c2, odd[i].c2);
        to.word[3][at] = interleave(even[i].c3, odd[i].c3);
      }
    }
  }
};

// One block on its own, in place: word = philox(word).
inline void philox_block(uint64_t seed, uint32_t word[kWords]) {
  uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < kRounds; round++, key0 += kKeyStep0, key1 += kKeyStep1) {
    uint64_t p0 = (uint64_t)word[0] * kMultiply0, p1 = (uint64_t)word[2] * kMultiply1;
    word[0] = (uint32_t)(p1 >> 32) ^ word[1] ^ key0;
    word[2] = (uint32_t)(p0 >> 32) ^ word[3] ^ key1;
    word[1] = (uint32_t)p1;
    word[3] = (uint32_t)p0;
  }
}

}  // namespace
}  // namespace ISA
}  // namespace fastcnn
