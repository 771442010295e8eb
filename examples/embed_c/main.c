/* The C API with the caller's own buffers: an activation in place, checked against a loop. */
#include <fastcnn.h>
#include <stdio.h>
#include <stdlib.h>

static void must(fastcnn_status status) {
  if (status == FASTCNN_OK) return;
  fprintf(stderr, "%s\n", fastcnn_last_error());
  exit(1);
}

int main(void) {
  enum { n = 1, h = 9, w = 11, c = 5, size = n * h * w * c };
  static float x[size], y[size];
  int wrong = 0;

  if (fastcnn_abi_version() != FASTCNN_ABI_VERSION) {
    fprintf(stderr, "fastcnn.h and libfastcnn are of different versions\n");
    return 1;
  }
  must(fastcnn_set_num_threads(2));
  for (int i = 0; i < size; i++) x[i] = (float)(i % 7 - 3);

  must(fastcnn_activate(FASTCNN_RELU, 0.0f, size, x, y));
  for (int i = 0; i < size; i++) wrong += y[i] != (x[i] > 0 ? x[i] : 0);

  /* A mistake is a status and a message, never a crash. */
  if (fastcnn_activate(FASTCNN_RELU, 0.0f, -1, x, y) != FASTCNN_INVALID_ARGUMENT) wrong++;
  printf("a mistake reads: %s\n", fastcnn_last_error());

  printf("fastcnn %s on %s, %d threads: %s\n", fastcnn_version(), fastcnn_get_isa(), fastcnn_get_num_threads(),
         wrong ? "WRONG" : "correct");
  return wrong != 0;
}
