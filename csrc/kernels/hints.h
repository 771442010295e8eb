// What the compiler is told about registers; no instructions.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {

// The compiler no longer knows where v, an address or a whole number, comes from: it would keep at hand, on the stack,
// dozens of addresses that follow from one and a stride, or each bit of the other.
template <class T>
static inline void forget(T& v) {
  asm("" : "+r"(v));
}

// v is still wanted: a sum does not move to its register, from where it would have to come back.
static inline void keep(vec v) { asm("" : : "X"(v)); }

}  // namespace ISA
}  // namespace fastcnn
