/* One line for each of some kernels: its name and a hash of its results' bits, for test_aarch64.py to compare. */
#include <fastcnn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char* now = "";

static void must(fastcnn_status status) {
  if (status == FASTCNN_OK) return;
  fprintf(stderr, "%s: %s\n", now, fastcnn_last_error());
  exit(1);
}

static float* numbers(int64_t size) {
  static fastcnn_random random = {1, 0, 0};
  float* x = fastcnn_alloc((size_t)size * sizeof(float));
  if (!x) exit(2);
  random.stream++;
  must(fastcnn_random_normal(&random, 0, 1, size, x));
  return x;
}

static void say(const char* part, const float* x, int64_t size) { /* FNV-1a */
  uint64_t hash = 14695981039346656037u;
  const unsigned char* bytes = (const unsigned char*)x;
  for (int64_t i = 0; i < size * 4; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  printf("%s %s %016" PRIx64 "\n", now, part, hash);
}

/* h, c, k, filter, stride, dilation, groups, strict */
static const int64_t convolutions[][8] = {
    {12, 1, 32, 3, 1, 1, 1, 0},   {24, 3, 40, 7, 2, 1, 1, 0},  {14, 96, 96, 3, 1, 1, 1, 0},
    {7, 160, 128, 3, 1, 1, 1, 0}, {30, 64, 64, 3, 1, 1, 1, 0}, {14, 64, 96, 3, 1, 1, 1, 1},
    {14, 64, 80, 3, 2, 1, 1, 0},  {13, 32, 48, 3, 1, 2, 1, 0}, {14, 128, 64, 1, 1, 1, 1, 0},
    {7, 256, 200, 1, 1, 1, 1, 0}, {14, 64, 64, 1, 2, 1, 1, 0}, {9, 24, 36, 5, 1, 1, 1, 0},
    {10, 32, 32, 3, 1, 1, 4, 0},  {8, 700, 20, 1, 1, 1, 1, 0}, {28, 16, 16, 3, 1, 1, 1, 0},
};

static void convolution(const int64_t* s) {
  static char name[80];
  snprintf(name, sizeof name, "conv%dx%d/%d_%d-%d_%d", (int)s[3], (int)s[3], (int)s[4], (int)s[1], (int)s[2],
           (int)s[0]);
  now = name;
  fastcnn_conv2d_params p;
  fastcnn_conv2d_defaults(&p);
  p.n = 2, p.h = p.w = s[0], p.c = s[1], p.k = s[2], p.kh = p.kw = s[3];
  p.stride_h = p.stride_w = s[4], p.dilation_h = p.dilation_w = s[5], p.groups = s[6];
  p.precision = s[7] ? FASTCNN_PRECISION_STRICT : FASTCNN_PRECISION_HIGH;
  p.pad_top = p.pad_bottom = p.pad_left = p.pad_right = s[5] * (s[3] / 2);
  int64_t oh, ow;
  must(fastcnn_conv2d_output_shape(&p, &oh, &ow));
  int64_t x_size = p.n * p.h * p.w * p.c, y_size = p.n * oh * ow * p.k, w_size = p.kh * p.kw * p.c / p.groups * p.k;
  float *x = numbers(x_size), *w = numbers(w_size), *dy = numbers(y_size), *y = numbers(y_size), *bias = numbers(p.k);
  fastcnn_epilogue epilogue = {0};
  epilogue.bias = bias, epilogue.activation = FASTCNN_SILU;
  must(fastcnn_conv2d(&p, x, w, &epilogue, y, NULL, 0));
  say("forward", y, y_size);
  must(fastcnn_conv2d_dw(&p, x, dy, w, bias, NULL, 0));
  say("dw", w, w_size);
  say("db", bias, p.k);
  must(fastcnn_conv2d_dx(&p, dy, w, NULL, x, NULL, 0));
  say("dx", x, x_size);
}

static void product(int64_t m, int64_t n, int64_t k, int transpose_a, int transpose_b) {
  static char name[80];
  snprintf(name, sizeof name, "matmul_%d_%d_%d_%d%d", (int)m, (int)n, (int)k, transpose_a, transpose_b);
  now = name;
  fastcnn_matmul_params p = {1, m, n, k, transpose_a, transpose_b, 1, 1, 0};
  float *a = numbers(m * k), *b = numbers(k * n), *y = numbers(m * n);
  must(fastcnn_matmul(&p, a, b, NULL, y, NULL, 0));
  say("y", y, m * n);
}

static void depthwise(int64_t c, int64_t stride) {
  static char name[80];
  snprintf(name, sizeof name, "depthwise_%d/%d", (int)c, (int)stride);
  now = name;
  fastcnn_depthwise2d p = {2, 15, 15, c, 1, 3, 3, stride, stride, 1, 1, 1, 1, 1, 1};
  int64_t oh, ow;
  must(fastcnn_depthwise_conv2d_output_shape(&p, &oh, &ow));
  int64_t x_size = 2 * 15 * 15 * c, y_size = 2 * oh * ow * c;
  float *x = numbers(x_size), *w = numbers(9 * c), *y = numbers(y_size);
  must(fastcnn_depthwise_conv2d(&p, x, w, NULL, y));
  say("forward", y, y_size);
  must(fastcnn_depthwise_conv2d_dx(&p, y, w, x));
  say("dx", x, x_size);
}

static void elementwise(void) {
  enum { kSize = 20011 };
  float *x = numbers(kSize), *y = numbers(kSize);
  for (int64_t i = 0; i < kSize; i++) x[i] *= 5;
  for (int f = FASTCNN_LINEAR; f <= FASTCNN_EXP; f++) {
    char part[16];
    snprintf(part, sizeof part, "%d", f);
    now = "activation";
    must(fastcnn_activate((fastcnn_activation)f, 0.2f, kSize, x, y));
    say(part, y, kSize);
    now = "activation_backward";
    must(fastcnn_activate_backward((fastcnn_activation)f, 0.2f, kSize, y, x, y));
    say(part, y, kSize);
  }
  now = "softmax";
  must(fastcnn_softmax(0, 20, 1000, 1, x, y));
  say("rows", y, 20000);
  must(fastcnn_softmax(1, 1, 10, 2000, x, y));
  say("columns, log", y, 20000);
}

static void normalisation(void) {
  enum { kRows = 300, kChannels = 67, kSize = kRows * kChannels };
  now = "batch_norm";
  fastcnn_batch_norm p = {.rows = kRows, .c = kChannels, .epsilon = 1e-3, .momentum = 0.99};
  float *x = numbers(kSize), *y = numbers(kSize), *gamma = numbers(kChannels), *beta = numbers(kChannels);
  float *mean = numbers(kChannels), *inv_std = numbers(kChannels);
  must(fastcnn_batch_norm_train(&p, x, gamma, beta, NULL, y, mean, inv_std, NULL, NULL, NULL, NULL, 0));
  say("y", y, kSize);
  say("inv_std", inv_std, kChannels);
}

static void pooling(void) {
  now = "pool";
  fastcnn_pool2d p = {2, 17, 17, 21, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 0, 0, 0};
  float *x = numbers(2 * 17 * 17 * 21), *y = numbers(2 * 9 * 9 * 21);
  must(fastcnn_max_pool2d(&p, x, y, NULL));
  say("max", y, 2 * 9 * 9 * 21);
  must(fastcnn_avg_pool2d(&p, x, y));
  say("average", y, 2 * 9 * 9 * 21);
}

static void updates(void) {
  enum { kSize = 10007 };
  now = "optimizer";
  fastcnn_update update = {.learning_rate = 1e-2, .scale = 1};
  fastcnn_adam_params adam = {0.9, 0.999, 1e-7, 3};
  float *w = numbers(kSize), *g = numbers(kSize), *m = numbers(kSize), *v = numbers(kSize);
  for (int64_t i = 0; i < kSize; i++) v[i] *= v[i];
  must(fastcnn_adam(&update, &adam, kSize, g, w, m, v, NULL, NULL));
  say("adam", w, kSize);
  must(fastcnn_sgd(&update, 0.9, 1, kSize, g, w, m, NULL));
  say("sgd", w, kSize);
}

int main(void) {
  must(fastcnn_set_num_threads(2));
  for (size_t i = 0; i < sizeof convolutions / sizeof convolutions[0]; i++) convolution(convolutions[i]);
  product(1, 500, 300, 0, 0), product(70, 90, 800, 0, 0), product(200, 33, 129, 1, 0), product(33, 200, 70, 0, 1);
  product(9, 1000, 1100, 1, 1);
  depthwise(40, 1), depthwise(19, 2);
  elementwise(), normalisation(), pooling(), updates();
  return 0;
}
