// What the compiler is told about registers; no instructions.
#pragma once
#include "vec.h"

namespace fastcnn {
namespace ISA {

// The compiler no longer knows where p comes from: it would keep dozens of addresses at hand that follow from p and a
// stride, on the stack.
template <class T>
static inline void forget(T*& p) {
  asm("" : "+r"(p));
}

// v is still wanted: a sum does not move to its register, from where it would have to come back.
static inline void keep(vec v) { asm("" : : "X"(v)); }

}  // namespace ISA
}  // namespace fastcnn
