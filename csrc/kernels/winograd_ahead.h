// What a block of tiles will read, asked for a little at a time while products are made: a core can wait for few lines
// at a time, and bunches would fill the queues that the products' own loads go through.
#pragma once
#include "winograd.h"

namespace fastcnn {
namespace ISA {

// Memory to ask for in the course of a product, `step` bytes further at each step of its sums; none: at is null.
struct Asked {
  const char* at = nullptr;
  int64_t step = 0;
};

// An array (images, h, w, bytes) of which a tile has `side` x `side` pixels. Those that it is the first in its block to
// touch begin (down, right) of its first pixel.
struct Pixels {
  const void* array;
  int64_t h, w, bytes, side, down, right;
};

// The pixels that a run of tiles touches, row by row.
class TilesAhead {
 public:
  TilesAhead() = default;
  TilesAhead(const Pixels& pixels, const Tiles& tiles, int64_t first, int64_t last)
      : pixels_(pixels), grid_(&tiles), left_(last - first) {
    if (left_ > 0) tile_ = tiles.at(first);
  }
  int64_t bytes() const { return left_ > 0 ? left_ * pixels_.side * pixels_.side * pixels_.bytes : 0; }  // about
  // The next `want` bytes, in a product of so many steps.
  Asked ask(int64_t want, int64_t steps) {
    while (want > 0 && (at_ < end_ || next_row())) {
      const char* from = at_;
      at_ = end_ - at_ < want ? end_ : at_ + want;
      want -= at_ - from;
      if (want <= 0) return {from, (at_ - from + steps - 1) / steps};
      for (; from < at_; from += 64) __builtin_prefetch(from, 0, 2);
    }
    return {};
  }

 private:
  bool next_row() {
    if (rows_ <= 0 && !next_tiles()) return false;
    at_ = row_, end_ = row_ + row_bytes_, row_ += pixels_.w * pixels_.bytes, rows_--;
    return true;
  }
  // What is left of the tiles, as far as they are neighbours in a row.
  bool next_tiles() {
    const Pixels& p = pixels_;
    for (rows_ = 0; left_ > 0;) {
      int64_t i = tile_.row(), j = tile_.column(), n = tile_.n, until = least(j + left_, grid_->until(tile_));
      left_ -= until - j, tile_.index += until - j - 1, tile_.j = 4 * until - 4, grid_->advance(tile_);
      int64_t top = i ? i * p.side + p.down : 0, bottom = i + 1 < grid_->down ? (i + 1) * p.side + p.down : p.h;
      int64_t left = j ? j * p.side + p.right : 0, right = until < grid_->across ? until * p.side + p.right : p.w;
      top = top < 0 ? 0 : top, left = left < 0 ? 0 : left;
      rows_ = (bottom < p.h ? bottom : p.h) - top, row_bytes_ = ((right < p.w ? right : p.w) - left) * p.bytes;
      row_ = (const char*)p.array + ((n * p.h + top) * p.w + left) * p.bytes;
      if (rows_ > 0 && row_bytes_ > 0) return true;
    }
    return false;
  }
  Pixels pixels_{};
  const Tiles* grid_ = nullptr;
  Tile tile_{};
  const char *at_ = nullptr, *end_ = nullptr, *row_ = nullptr;
  int64_t left_ = 0, rows_ = 0, row_bytes_ = 0;
};

// Several of them, one after the other, in equal shares for each of the first points. The margins of images come on top
// of the bytes that are expected: there are points left for them.
constexpr int kAskingPoints = kPoints * 3 / 4;
class RunsAhead {
 public:
  void add(const Pixels& pixels, const Tiles& tiles, int64_t first, int64_t last) {
    if (!pixels.array || first >= last) return;
    runs_[count_] = TilesAhead(pixels, tiles, first, last);
    share_ += runs_[count_++].bytes() / kAskingPoints + 1;
  }
  // Once for each point, whose product has so many steps.
  Asked ask(int64_t steps) {
    for (; next_ < count_; next_++) {
      Asked asked = runs_[next_].ask(share_, steps);
      if (asked.at) return asked;
    }
    return {};
  }

 private:
  TilesAhead runs_[4];
  int count_ = 0, next_ = 0;
  int64_t share_ = 0;
};

}  // namespace ISA
}  // namespace fastcnn
