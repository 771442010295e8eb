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
void accumulate(Sum* __restrict sum, const T* __restrict x, int64_t size) {
  for (int64_t e = 0; e < size; e++) sum[e] = (Sum)(sum[e] + x[e]);
}
template <class Sum>
void add_up(Sum* __restrict y, const Sum* a, const Sum* b, int64_t size) {
  for (int64_t e = 0; e < size; e++) y[e] = (Sum)(a[e] + b[e]);
}
// A row enters, and one leaves for the next time.
template <class Sum>
void slide(Sum* __restrict y, Sum* __restrict sum, const uint8_t* in, const uint8_t* out, int64_t size) {
  for (int64_t e = 0; e < size; e++) {
    Sum all = (Sum)(sum[e] + in[e]);
    y[e] = all;
    sum[e] = (Sum)(all - out[e]);
  }
}

// Means of bytes are no larger than a byte.
template <class Sum>
void finish(uint8_t* __restrict y, const Sum* __restrict sum, int64_t size, float scale) {
  for (int64_t e = 0; e < size; e++) y[e] = (uint8_t)(int32_t)__builtin_rintf((float)(int32_t)sum[e] * scale);
}

template <class Sum>
void box(uint8_t* y, const uint8_t* x, const FilterShape& s) {
  int64_t c = s.c, size = s.w * c, before = s.width / 2, pixels = s.w + s.width - 1, top = s.height / 2;
  Sum *down = (Sum*)s.sums, *sum = down + size, *line = sum + size, *other = line + pixels * c;
  auto row_at = [&](int64_t row) { return x + mirrored(row, s.h) * size; };
  memset(down, 0, (size_t)size * sizeof(Sum));
  for (int64_t k = 0; k + 1 < s.height; k++) accumulate(down, row_at(k - top), size);
  for (int64_t row = 0; row < s.h; row++) {
    Sum* own = line + before * c;
    slide(own, down, row_at(row - top + s.height - 1), row_at(row - top), size);
    for (int64_t u = -before; u < pixels - before; u++)
      if (u < 0 || u >= s.w) memcpy(own + u * c, own + mirrored(u, s.w) * c, (size_t)c * sizeof(Sum));
    Sum *from = line, *to = other;
    int64_t done = 0;
    for (int64_t p = 1; done < s.width; p *= 2) {
      if (s.width & p) {
        if (done > 0)
          accumulate(sum, from + done * c, size);
        else
          memcpy(sum, from, (size_t)size * sizeof(Sum));
        done += p;
      }
      if (done == s.width) break;
      add_up(to, from, from + p * c, (pixels - 2 * p + 1) * c);
      Sum* swapped = from;
      from = to, to = swapped;
    }
    finish(y + row * size, sum, size, s.scale);
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
