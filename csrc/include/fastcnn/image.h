/* Part of fastcnn.h; include that. Images as loaders have them: one at a time, (h, w, c), bytes or floats; rows of
 * pixels without gaps. Every call but fastcnn_images_warp stays on its thread, for loaders have threads of their own.
 * Results have the same bits on every instruction set. Bytes are rounded to even and cut off at 0 and 255. */
#ifndef FASTCNN_IMAGE_H
#define FASTCNN_IMAGE_H

#include "core.h"
#include "random.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum fastcnn_pixel { FASTCNN_PIXEL_UINT8 = 0, FASTCNN_PIXEL_FLOAT32 = 1 } fastcnn_pixel;

/* What an image is; x and y of the functions point to pixels of this type. Sizes are at least 1; sides at most 2^22,
 * images at most 2^31 - 1 bytes or floats. */
typedef struct fastcnn_image {
  fastcnn_pixel pixel;
  int64_t h, w, c;
} fastcnn_image;

typedef enum fastcnn_image_interpolation {
  FASTCNN_IMAGE_NEAREST = 0,
  FASTCNN_IMAGE_LINEAR = 1,
  FASTCNN_IMAGE_CUBIC = 2,
  FASTCNN_IMAGE_AREA = 3 /* resize only: the mean of what a pixel covers */
} fastcnn_image_interpolation;

/* What lies beyond the edge of abc: a number, aaa, cba|abc, cb|abc, abc|abc. */
typedef enum fastcnn_image_border {
  FASTCNN_BORDER_CONSTANT = 0,
  FASTCNN_BORDER_REPLICATE = 1,
  FASTCNN_BORDER_REFLECT = 2,
  FASTCNN_BORDER_REFLECT_101 = 3,
  FASTCNN_BORDER_WRAP = 4
} fastcnn_image_border;

/* y (oh, ow, c) from x: pixel (u, v) is x at (m[0] u + m[1] v + m[2], m[3] u + m[4] v + m[5]), both divided by m[6] u +
 * m[7] v + m[8]; centres of pixels are whole numbers. matrix: these nine. fill: c numbers for the constant border, NULL
 * for others. */
FASTCNN_API fastcnn_status fastcnn_image_warp(const fastcnn_image* image, const void* x, const double* matrix,
                                              fastcnn_image_interpolation interpolation, fastcnn_image_border border,
                                              const float* fill, int64_t oh, int64_t ow, void* y);
/* The same of n images, (n, h, w, c), each with its nine numbers, shared out to threads. */
FASTCNN_API fastcnn_status fastcnn_images_warp(int64_t n, const fastcnn_image* image, const void* x,
                                               const double* matrices, fastcnn_image_interpolation interpolation,
                                               fastcnn_image_border border, const float* fill, int64_t oh, int64_t ow,
                                               void* y);

/* y (oh, ow, c) from x, corners on corners. antialias: linear and cubic filters as wide as the pixels of y. */
FASTCNN_API fastcnn_status fastcnn_image_resize(const fastcnn_image* image, const void* x,
                                                fastcnn_image_interpolation interpolation, int antialias, int64_t oh,
                                                int64_t ow, void* y);
FASTCNN_API fastcnn_status fastcnn_image_flip(const fastcnn_image* image, const void* x, int horizontal, int vertical,
                                              void* y);
/* y (oh, ow, c): the window whose first pixel is (top, left) of x; it may reach beyond x, or miss it. */
FASTCNN_API fastcnn_status fastcnn_image_crop_pad(const fastcnn_image* image, const void* x, int64_t top, int64_t left,
                                                  fastcnn_image_border border, const float* fill, int64_t oh,
                                                  int64_t ow, void* y);
/* y = x with k boxes (top, left, bottom, right), the last two exclusive, filled with c numbers; y may be x. */
FASTCNN_API fastcnn_status fastcnn_image_fill(const fastcnn_image* image, const void* x, int64_t k,
                                              const int64_t* boxes, const float* fill, void* y);
/* The mean over a window around each pixel; beyond the edge the image is mirrored (cb|abc). */
FASTCNN_API fastcnn_status fastcnn_image_blur(const fastcnn_image* image, const void* x, int64_t height, int64_t width,
                                              void* y);
/* The same weighted by a bell; sigma 0 leaves that direction alone. height, width: of the window, odd; 0: as large as
 * the bell needs. */
FASTCNN_API fastcnn_status fastcnn_image_gaussian_blur(const fastcnn_image* image, const void* x, double sigma_y,
                                                       double sigma_x, int64_t height, int64_t width, void* y);

/* y = tables[channel][x], bytes. tables: 1, for all channels, or c; of 256 bytes. */
FASTCNN_API fastcnn_status fastcnn_image_lookup(const fastcnn_image* image, const void* x, int64_t tables,
                                                const uint8_t* table, void* y);
/* y = alpha x + beta, a number for each channel, not below low or above high (infinite: no bound). y_pixel: of y; bytes
 * from floats are not to be had. y may be x where the types are the same. */
FASTCNN_API fastcnn_status fastcnn_image_scale(const fastcnn_image* image, const void* x, const float* alpha,
                                               const float* beta, float low, float high, fastcnn_pixel y_pixel,
                                               void* y);
/* The steps 0 brightness, 1 contrast, 2 saturation, 3 hue in this order, cut off at 0 and 255, or 1 for floats, after
 * each. c is 3; or 1, which saturation and hue leave alone. hue: in parts of the circle. */
FASTCNN_API fastcnn_status fastcnn_image_color(const fastcnn_image* image, const void* x, double brightness,
                                               double contrast, double saturation, double hue, int steps,
                                               const int* order, void* y);
/* y (h, w, channels) = 0.299 red + 0.587 green + 0.114 blue, in each channel; c is 3 or 1. */
FASTCNN_API fastcnn_status fastcnn_image_gray(const fastcnn_image* image, const void* x, int64_t channels, void* y);
/* Contrast-limited adaptive equalisation of tiles_y x tiles_x regions, bytes; c is 1, or 3: of the lightness. */
FASTCNN_API fastcnn_status fastcnn_image_clahe(const fastcnn_image* image, const void* x, double clip_limit,
                                               int64_t tiles_y, int64_t tiles_x, void* y);
/* y = x + normal numbers: of the stream's elements, one for each pixel or for each of its channels. y may be x. */
FASTCNN_API fastcnn_status fastcnn_image_noise(const fastcnn_image* image, const void* x, const fastcnn_random* random,
                                               float mean, float stddev, int per_channel, void* y);

#ifdef __cplusplus
}
#endif
#endif
