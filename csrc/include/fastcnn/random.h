/* Part of fastcnn.h; include that. Random numbers that are a function of their place: Philox4x32-10 of (seed, stream,
 * element), so that any part of an array can be drawn again, in any order, by any number of threads. */
#ifndef FASTCNN_RANDOM_H
#define FASTCNN_RANDOM_H

#include "core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* seed: of the run. stream: whose numbers these are (layer, step, ...): two uses of one stream see the same numbers.
 * offset: the stream's element that comes first; parts drawn with their offsets join to the whole. */
typedef struct fastcnn_random {
  uint64_t seed;
  uint64_t stream;
  int64_t offset;
} fastcnn_random;

/* The generator itself: words[4 i .. 4 i + 3] = Philox4x32-10 of counter (first + i, stream), key seed, low words
 * first. Elements come in groups of 64, which are 16 blocks: element e is word (e / 16) % 4 of block e / 64 * 16 + e
 * % 16. */
FASTCNN_API fastcnn_status fastcnn_philox(uint64_t seed, uint64_t stream, uint64_t first, int64_t blocks,
                                          uint32_t* words);

/* y: size floats in [low, high), multiples of (high - low) / 2^24 above low; low where low == high. */
FASTCNN_API fastcnn_status fastcnn_random_uniform(const fastcnn_random* random, float low, float high, int64_t size,
                                                  float* y);
/* Normal numbers; the furthest lie 6.7 standard deviations out. */
FASTCNN_API fastcnn_status fastcnn_random_normal(const fastcnn_random* random, float mean, float stddev, int64_t size,
                                                 float* y);
/* Normal numbers under the condition that they lie within 2 stddev of the mean. stddev is that of the distribution
 * before it is truncated, as in Keras: the result's own is 0.8796 times that. */
FASTCNN_API fastcnn_status fastcnn_random_truncated_normal(const fastcnn_random* random, float mean, float stddev,
                                                           int64_t size, float* y);
/* 1 with probability p, else 0. */
FASTCNN_API fastcnn_status fastcnn_random_bernoulli(const fastcnn_random* random, double p, int64_t size, float* y);
/* Integers in [low, high), each equally likely. */
FASTCNN_API fastcnn_status fastcnn_random_integers(const fastcnn_random* random, int64_t low, int64_t high,
                                                   int64_t size, int64_t* y);
/* The numbers 0 .. n-1 shuffled, each order equally likely. */
FASTCNN_API fastcnn_status fastcnn_random_permutation(const fastcnn_random* random, int64_t n, int64_t* y);

/* y = 0 with probability rate, else x / (1 - rate); y may be x. 0 <= rate <= 1. No mask is kept: the gradient is the
 * same call on dy with the same random. */
FASTCNN_API fastcnn_status fastcnn_dropout(const fastcnn_random* random, double rate, int64_t size, const float* x,
                                           float* y);
/* The same where x is (n, pixels, c) and a channel of an image is kept or dropped as a whole: mask (n, 1, c). */
FASTCNN_API fastcnn_status fastcnn_dropout_channels(const fastcnn_random* random, double rate, int64_t n,
                                                    int64_t pixels, int64_t c, const float* x, float* y);

#ifdef __cplusplus
}
#endif
#endif
