/* The C API with the caller's own buffers and workspace: a convolution with bias and ReLU, checked against the plain
 * loops. */
#include <fastcnn.h>
#include <stdio.h>
#include <stdlib.h>

static void must(fastcnn_status status) {
  if (status == FASTCNN_OK) return;
  fprintf(stderr, "%s\n", fastcnn_last_error());
  exit(1);
}

static void* memory(size_t bytes) {
  void* p = fastcnn_alloc(bytes); /* malloc would do; this is aligned */
  if (p) return p;
  fprintf(stderr, "no memory\n");
  exit(1);
}

/* Small integers: every sum is exact, so the results compare with ==. */
static float* numbers(int64_t size, int seed) {
  float* x = memory((size_t)size * sizeof(float));
  for (int64_t i = 0; i < size; i++) x[i] = (float)((i * 7 + seed) % 9 - 4);
  return x;
}

/* One output, as a textbook writes it. */
static float expected(const fastcnn_conv2d_params* p, const float* x, const float* filter, const float* bias, int64_t n,
                      int64_t oy, int64_t ox, int64_t k) {
  float sum = bias[k];
  for (int64_t i = 0; i < p->kh; i++)
    for (int64_t j = 0; j < p->kw; j++) {
      int64_t y = oy * p->stride_h - p->pad_top + i, column = ox * p->stride_w - p->pad_left + j;
      if (y < 0 || y >= p->h || column < 0 || column >= p->w) continue;
      for (int64_t c = 0; c < p->c; c++)
        sum += x[((n * p->h + y) * p->w + column) * p->c + c] * filter[((i * p->kw + j) * p->c + c) * p->k + k];
    }
  return sum > 0 ? sum : 0;
}

int main(void) {
  fastcnn_conv2d_params p;
  fastcnn_epilogue epilogue = {0};
  int64_t oh, ow, wrong = 0;
  size_t bytes;

  if (fastcnn_abi_version() != FASTCNN_ABI_VERSION) {
    fprintf(stderr, "fastcnn.h and libfastcnn are of different versions\n");
    return 1;
  }
  must(fastcnn_set_num_threads(2));

  fastcnn_conv2d_defaults(&p);
  p.n = 2, p.h = 15, p.w = 17, p.c = 5;
  p.kh = 3, p.kw = 3, p.k = 19;
  p.pad_top = p.pad_bottom = p.pad_left = p.pad_right = 1;
  must(fastcnn_conv2d_output_shape(&p, &oh, &ow));
  must(fastcnn_conv2d_workspace(&p, FASTCNN_FORWARD, &bytes));

  float* x = numbers(p.n * p.h * p.w * p.c, 1);
  float* filter = numbers(p.kh * p.kw * p.c * p.k, 2);
  float* bias = numbers(p.k, 3);
  float* y = memory((size_t)(p.n * oh * ow * p.k) * sizeof(float));
  void* workspace = bytes ? memory(bytes) : NULL;

  epilogue.bias = bias;
  epilogue.activation = FASTCNN_RELU;
  must(fastcnn_conv2d(&p, x, filter, &epilogue, y, workspace, bytes));

  for (int64_t n = 0, at = 0; n < p.n; n++)
    for (int64_t oy = 0; oy < oh; oy++)
      for (int64_t ox = 0; ox < ow; ox++)
        for (int64_t k = 0; k < p.k; k++, at++) wrong += y[at] != expected(&p, x, filter, bias, n, oy, ox, k);

  /* A mistake is a status and a message, never a crash. */
  p.stride_h = 0;
  wrong += fastcnn_conv2d(&p, x, filter, NULL, y, workspace, bytes) != FASTCNN_INVALID_ARGUMENT;
  printf("a mistake reads: %s\n", fastcnn_last_error());

  printf("fastcnn %s on %s, %d threads: %s\n", fastcnn_version(), fastcnn_get_isa(), fastcnn_get_num_threads(),
         wrong ? "WRONG" : "correct");
  fastcnn_free(x), fastcnn_free(filter), fastcnn_free(bias), fastcnn_free(y), fastcnn_free(workspace);
  return wrong != 0;
}
