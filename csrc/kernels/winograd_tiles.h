// Which tiles of 4x4 outputs cover a map, in which order, and which of the 36 products each has need of.
//
// Where one or two rows are left for the last tiles of a map, these lie a row higher and show their middle rows: those
// come from the points +-5/8 and +-3/2 alone, so that products with 0 and infinity are left out. Three rows do without
// infinity. The same for columns. A map of 14x14 takes 484 products instead of 576, and its edges the smaller error.
#pragma once
#include "sizes.h"

namespace fastcnn {
namespace ISA {

constexpr int kPoints = 36;  // products of a tile

// The position of a tile: image, and the first of its 4x4 outputs, which at an odd place is not shown.
struct Tile {
  int64_t n, i, j, index;
  int64_t lowered() const { return i & 1; }  // rows that are not shown, at first
  int64_t shifted() const { return j & 1; }
  int64_t row() const { return (i + 3) / 4; }  // of tiles
  int64_t column() const { return (j + 3) / 4; }
};

struct Run {
  int64_t begin, end;
};

// Tiles row by row, all whole; or sorted, a set of images at a time: those at the right edge of the map, those with all
// products, those at its lower edge, those in the corner. So the tiles of a set that need a point are neighbours.
struct Tiles {
  int64_t down, across, count;
  Tiles(int64_t images, int64_t oh, int64_t ow)
      : down(ceil_div(oh, 4)),
        across(ceil_div(ow, 4)),
        count(images * down * across),
        n_(images),
        down_(down),
        across_(across),
        images_(most(1, images)) {}
  void sort(int64_t oh, int64_t ow, int64_t images) {
    down_ = oh / 4, across_ = ow / 4, low_ = oh % 4, wide_ = ow % 4, images_ = most(1, images);
  }

  __attribute__((noinline)) Tile at(int64_t index) const {
    int64_t each = images_ * down * across, first = index / each * images_, left = index % each;
#pragma GCC unroll 1
    for (int edge = 0; edge < 4; edge++) {
      Part part = part_of(edge);
      int64_t tiles = part.down * part.across, here = least(images_, n_ - first) * tiles;
      if (left >= here) {
        left -= here;
        continue;
      }
      int64_t i = part.i + left % tiles / part.across, j = part.j + left % part.across;
      return {first + left / tiles, 4 * i - (i == down_ && low_ < 3), 4 * j - (j == across_ && wide_ < 3), index};
    }
    return {n_, 0, 0, index};
  }
  void advance(Tile& t) const {  // to the next one
    if (t.j + 4 < 4 * across_)
      t.j += 4, t.index++;
    else
      begin_row(t);
  }
  int64_t until(const Tile& t) const { return t.column() < across_ ? across_ : across; }  // end of its row, a column

  int64_t products() const { return n_ * along(down_, low_) * along(across_, wide_); }  // of all tiles

  bool whole() const { return down_ == down && across_ == across; }
  // The points of which a tile has need: bit e.
  __attribute__((noinline)) uint64_t needs(const Tile& t) const {
    int rows = t.row() == down_ ? points_of(low_) : 63;
    uint64_t columns = t.column() == across_ ? points_of(wide_) : 63, all = 0;
#pragma GCC unroll 1
    for (int i = 0; i < 6; i++)
      if (rows >> i & 1) all |= columns << 6 * i;
    return all;
  }
  // Of tiles [first, last), which are of one set, those that need a point.
  __attribute__((noinline)) Run run_of(int point, int64_t first, int64_t last) const {
    bool low = points_of(low_) >> point / 6 & 1, wide = points_of(wide_) >> point % 6 & 1;
    int64_t image = images_ < n_ ? first / (down * across) / images_ * images_ : 0, n = least(images_, n_ - image);
    int64_t set = image * down * across, over = set + n * down * across;
    int64_t right = set + n * down_ * (across - across_), corner = over - n * (down - down_) * (across - across_),
            bottom = over - n * (down - down_) * across;
    int64_t begin = wide ? first : right, end = !low ? bottom : wide ? last : corner;
    return {most(first, begin), least(last, end)};
  }

 private:
  struct Part {
    int64_t i, j, down, across;
  };
  Part part_of(int edge) const {
    int64_t right = across - across_, low = down - down_;
    if (edge == 0) return {0, across_, down_, right};
    if (edge == 1) return {0, 0, down_, across_};
    if (edge == 2) return {down_, 0, low, across_};
    return {down_, across_, low, right};
  }
  __attribute__((noinline)) void begin_row(Tile& t) const {  // without divisions, where tiles are whole
    if (!whole()) {
      t = at(t.index + 1);
      return;
    }
    t.index++, t.j = 0;
    if ((t.i += 4) >= 4 * down) t.i = 0, t.n++;
  }
  static int64_t along(int64_t whole, int64_t rest) { return 6 * whole + (rest == 0 ? 0 : rest == 3 ? 5 : 4); }
  static int points_of(int64_t rest) { return rest == 0 ? 63 : rest == 3 ? 31 : 30; }
  int64_t n_, down_, across_, low_ = 3, wide_ = 3, images_;  // down_, across_: without those at the edges
};

}  // namespace ISA
}  // namespace fastcnn
