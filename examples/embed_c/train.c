/* A small CNN trained with the C API alone: convolution with ReLU, maximum pooling, a dense layer, softmax
 * cross-entropy, all gradients, SGD with momentum. It learns in which quarter of a noisy image a bright spot lies. */
#include <fastcnn.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 64, SIDE = 16, CHANNELS = 8, POOLED = SIDE / 2, CLASSES = 4, STEPS = 40 };
enum { PIXELS = N * SIDE * SIDE, FEATURES = POOLED * POOLED * CHANNELS };

static void must(fastcnn_status status) {
  if (status == FASTCNN_OK) return;
  fprintf(stderr, "%s\n", fastcnn_last_error());
  exit(1);
}

static void* memory(size_t bytes) {
  void* p = fastcnn_alloc(bytes);
  if (p) return p;
  fprintf(stderr, "no memory\n");
  exit(1);
}

static float* floats(int64_t size) { return memory((size_t)size * sizeof(float)); }

/* Weights with their gradient and what momentum keeps of it. */
typedef struct parameter {
  int64_t size;
  float *value, *gradient, *velocity;
} parameter;

/* Random numbers are a function of seed, stream and place: each use has a stream of its own. */
static parameter parameter_of(int64_t size, float bound, uint64_t stream) {
  fastcnn_random random = {42, 0, 0};
  parameter p = {0};
  random.stream = stream;
  p.size = size, p.value = floats(size), p.gradient = floats(size), p.velocity = floats(size);
  must(fastcnn_random_uniform(&random, -bound, bound, size, p.value));
  for (int64_t i = 0; i < size; i++) p.velocity[i] = 0;
  return p;
}

static void update(const parameter* p) {
  fastcnn_update rule = {0};
  rule.learning_rate = 0.02;
  rule.scale = 1; /* of the gradient: 0 would learn nothing */
  must(fastcnn_sgd(&rule, 0.9, 0, p->size, p->gradient, p->value, p->velocity, NULL));
}

static void release(const parameter* p) {
  fastcnn_free(p->value), fastcnn_free(p->gradient), fastcnn_free(p->velocity);
}

/* Images (N, SIDE, SIDE, 1) of noise with a brighter spot of 3x3 in the quarter that is their label. */
static void batch(uint64_t number, float* x, int64_t* labels) {
  fastcnn_random random = {1, 0, 0};
  random.stream = 2 * number;
  must(fastcnn_random_normal(&random, 0, 0.5f, PIXELS, x));
  random.stream = 2 * number + 1;
  must(fastcnn_random_integers(&random, 0, CLASSES, N, labels));
  for (int64_t i = 0; i < N; i++) {
    int64_t top = labels[i] / 2 * POOLED + 2, left = labels[i] % 2 * POOLED + 2;
    for (int64_t row = top; row < top + 3; row++)
      for (int64_t column = left; column < left + 3; column++) x[(i * SIDE + row) * SIDE + column] += 1;
  }
}

int main(void) {
  fastcnn_conv2d_params conv;
  fastcnn_pool2d pool = {0};
  fastcnn_matmul_params dense = {0}, dense_dx = {0}, dense_dw = {0};
  fastcnn_cross_entropy_options mean_loss = {0};
  fastcnn_epilogue with_relu = {0}, with_bias = {0};
  parameter filter = parameter_of(3 * 3 * CHANNELS, 0.5f, 1), filter_bias = parameter_of(CHANNELS, 0, 2);
  parameter weights = parameter_of(FEATURES * CLASSES, 0.05f, 3), bias = parameter_of(CLASSES, 0, 4);
  float *x = floats(PIXELS), *hidden = floats(PIXELS * CHANNELS), *dhidden = floats(PIXELS * CHANNELS);
  float *pooled = floats(N * FEATURES), *logits = floats(N * CLASSES), *loss = floats(N), first = 0, mean = 0;
  uint8_t* indices = memory(N * FEATURES);
  int64_t* labels = memory(N * sizeof(int64_t));

  fastcnn_conv2d_defaults(&conv);
  conv.n = N, conv.h = SIDE, conv.w = SIDE, conv.c = 1, conv.k = CHANNELS, conv.kh = 3, conv.kw = 3;
  conv.pad_top = conv.pad_bottom = conv.pad_left = conv.pad_right = 1;
  pool.n = N, pool.h = SIDE, pool.w = SIDE, pool.c = CHANNELS;
  pool.kh = pool.kw = pool.stride_h = pool.stride_w = 2;
  pool.dilation_h = pool.dilation_w = 1;
  /* logits = pooled weights + bias;  dpooled = dlogits weights^T;  dweights = pooled^T dlogits */
  dense.batch = 1, dense.m = N, dense.k = FEATURES, dense.n = CLASSES;
  dense_dx.batch = 1, dense_dx.m = N, dense_dx.k = CLASSES, dense_dx.n = FEATURES, dense_dx.transpose_b = 1;
  dense_dw.batch = 1, dense_dw.m = FEATURES, dense_dw.k = N, dense_dw.n = CLASSES, dense_dw.transpose_a = 1;
  mean_loss.scale = 1.0f / N; /* gradients of the mean over the batch */
  with_relu.bias = filter_bias.value, with_relu.activation = FASTCNN_RELU;
  with_bias.bias = bias.value;

  for (uint64_t step = 0; step < STEPS; step++) {
    batch(step, x, labels);

    must(fastcnn_conv2d(&conv, x, filter.value, &with_relu, hidden, NULL, 0));
    must(fastcnn_max_pool2d(&pool, hidden, pooled, indices));
    must(fastcnn_matmul(&dense, pooled, weights.value, &with_bias, logits, NULL, 0));
    /* The gradient takes the logits' place, below that of pooled takes pooled's: both are read no more. */
    must(fastcnn_sparse_cross_entropy(&mean_loss, N, CLASSES, logits, labels, NULL, loss, logits));

    must(fastcnn_matmul(&dense_dw, pooled, logits, NULL, weights.gradient, NULL, 0));
    must(fastcnn_bias_gradient(N, CLASSES, logits, bias.gradient));
    must(fastcnn_matmul(&dense_dx, logits, weights.value, NULL, pooled, NULL, 0));
    must(fastcnn_max_pool2d_dx(&pool, pooled, indices, NULL, dhidden, NULL, 0));
    /* ReLU's result is above 0 where its input was: the gradient may be asked of either. */
    must(fastcnn_activate_backward(FASTCNN_RELU, 0, PIXELS * CHANNELS, dhidden, hidden, dhidden));
    must(fastcnn_conv2d_dw(&conv, x, dhidden, filter.gradient, filter_bias.gradient, NULL, 0));

    update(&filter), update(&filter_bias), update(&weights), update(&bias);

    mean = 0;
    for (int i = 0; i < N; i++) mean += loss[i] / N;
    if (step == 0) first = mean;
    if (step % 10 == 0) printf("step %2d: loss %.3f\n", (int)step, (double)mean);
  }
  printf("loss from %.3f to %.3f: %s\n", (double)first, (double)mean, mean < first / 10 ? "correct" : "WRONG");

  release(&filter), release(&filter_bias), release(&weights), release(&bias);
  fastcnn_free(x), fastcnn_free(hidden), fastcnn_free(dhidden), fastcnn_free(pooled), fastcnn_free(logits);
  fastcnn_free(loss), fastcnn_free(indices), fastcnn_free(labels);
  return !(mean < first / 10);
}
