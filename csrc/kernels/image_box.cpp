// The mean of bytes over a window: y = scale * (sum of x). Down the window's height one row enters a line of sums and
// one leaves it; along its width sums of 1, 2, 4, ... pixels are made of each other, and those that the width consists
// of are added. Sums are integers: the order of additions changes nothing. Plain loops, which the compiler makes
// vectors of, twice as many numbers in each where sums fit 16 bits.
#include "image.h"
#include "image_parts.h"

namespace fastcnn {
namespace ISA {
namespace {

template <class Sum, class T>
__attribute__((noinline)) void accumulate(Sum* __restrict sum, const T* __restrict x, int64_t size) {
  for (int64_t e = 0; e < size; e++) sum[e] = (Sum)(sum[e] + x[e]);
}
template <class Sum>
__attribute__((noinline)) void add_up(Sum* __restrict y, const Sum* a, const Sum* b, int64_t size) {
  for (int64_t e = 0; e < size; e++) y[e] = (Sum)(a[e] + b[e]);
}
// A row enters, and one leaves for the next time.
template <class Sum>
__attribute__((noinline)) void slide(Sum* __restrict y, Sum* __restrict sum, const uint8_t* in, const uint8_t* out,
                                     int64_t size) {
  for (int64_t e = 0; e < size; e++) {
    Sum all = (Sum)(sum[e] + in[e]);
    y[e] = all;
    sum[e] = (Sum)(all - out[e]);
  }
}

// A quotient of 16 bits as a product: (t * factor >> 16) >> shift is t / cells for all t that occur, where factor is
// not 0.
struct Division {
  uint16_t factor, half;
  int shift;
};
// Means of an odd number never lie between two levels, and floats round them to the same one.
Division division(int64_t cells) {
  if (cells % 2 == 0 || cells == 1) return {};
  int shift = 0;
  while (cells >> (shift + 1)) shift++;
  int64_t one = int64_t(1) << (16 + shift), factor = one / cells + 1, most = cells * 255 + cells / 2;
  if (most > UINT16_MAX || (factor * cells - one) * most >= one) return {};
  return {(uint16_t)factor, (uint16_t)(cells / 2), shift};
}

// The mean of a + b. Means of bytes are no larger than a byte.
template <class Sum>
__attribute__((noinline)) void finish(uint8_t* __restrict y, const Sum* a, const Sum* b, int64_t size, float scale,
                                      Division by) {
  if constexpr (sizeof(Sum) == 2)
    if (by.factor) {
      for (int64_t e = 0; e < size; e++) {
        uint16_t t = (uint16_t)(a[e] + b[e] + by.half);
        y[e] = (uint8_t)((uint16_t)((uint32_t)t * by.factor >> 16) >> by.shift);
      }
      return;
    }
  for (int64_t e = 0; e < size; e++) y[e] = (uint8_t)(int32_t)__builtin_rintf((float)(int32_t)(a[e] + b[e]) * scale);
}

template <class Sum>
void box(uint8_t* y, const uint8_t* x, const FilterShape& s) {
  int64_t c = s.c, size = s.w * c, before = s.width / 2, pixels = s.w + s.width - 1, top = s.height / 2;
  Sum *down = (Sum*)s.sums, *sum = down + size, *line = sum + size, *to = line + pixels * c, *next = to + pixels * c;
  Division by = division(s.height * s.width);
  auto row_at = [&](int64_t row) { return x + mirrored(row, s.h) * size; };
  memset(down, 0, (size_t)size * sizeof(Sum));
  for (int64_t k = 0; k + 1 < s.height; k++) accumulate(down, row_at(k - top), size);
  for (int64_t row = 0; row < s.h; row++) {
    Sum* own = line + before * c;
    slide(own, down, row_at(row - top + s.height - 1), row_at(row - top), size);
    mirror_ends(own, s.w, (size_t)c * sizeof(Sum), before, s.width - 1 - before);
    // some: sums of the `done` first pixels of a window; of: those of p.
    const Sum *some = line, *of = line;
    int64_t done = 0, p = 1;
    for (; 2 * p < s.width; p *= 2) {
      if (s.width & p) {
        if (done > 1)
          accumulate(sum, of + done * c, size);
        else if (done == 1)
          add_up(sum, line, of + c, size);
        else if (p > 1)
          memcpy(sum, of, (size_t)size * sizeof(Sum));
        if (p > 1) some = sum;
        done += p;
      }
      add_up(to, of, of + p * c, (pixels - 2 * p + 1) * c);
      Sum* free = next;
      of = to, next = to, to = free;
    }
    if (done == 0) some = of, done = p;
    if (s.width == 1) memset(to, 0, (size_t)size * sizeof(Sum)), of = to, done = 0;
    finish(y + row * size, some, of + done * c, size, s.scale, by);
  }
}

}  // namespace

void image_box(uint8_t* y, const uint8_t* x, const FilterShape& s) {
  if (s.height * s.width <= UINT16_MAX / 255)
    box<uint16_t>(y, x, s);
  else
    box<uint32_t>(y, x, s);
}

}  // namespace ISA
}  // namespace fastcnn
