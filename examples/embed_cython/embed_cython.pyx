"""Kernels called from Cython without the GIL and without an array being wrapped."""
from fastcnn.cython_kernels cimport (
    FASTCNN_OK,
    FASTCNN_RELU,
    fastcnn_activate,
    fastcnn_conv2d,
    fastcnn_conv2d_defaults,
    fastcnn_conv2d_params,
    fastcnn_last_error,
    fastcnn_status,
)


def rectified(float[::1] x):
    """max(x, 0), in place; returns how many values are left above zero."""
    cdef fastcnn_status status
    cdef Py_ssize_t i, count = 0
    with nogil:
        status = fastcnn_activate(FASTCNN_RELU, 0.0, x.shape[0], &x[0], &x[0])
        for i in range(x.shape[0]):
            count += x[i] > 0
    if status != FASTCNN_OK:
        raise ValueError(fastcnn_last_error().decode())
    return count


def correlate(float[:, :, :, ::1] x, float[:, :, :, ::1] filter, float[:, :, :, ::1] y):
    """y = the convolution of x (n, h, w, c) with filter (kh, kw, c, k), without padding."""
    cdef fastcnn_conv2d_params p
    cdef fastcnn_status status
    fastcnn_conv2d_defaults(&p)
    p.n, p.h, p.w, p.c = x.shape[0], x.shape[1], x.shape[2], x.shape[3]
    p.kh, p.kw, p.k = filter.shape[0], filter.shape[1], filter.shape[3]
    if (y.shape[0], y.shape[1], y.shape[2], y.shape[3]) != (p.n, p.h - p.kh + 1, p.w - p.kw + 1, p.k):
        raise ValueError("y has the wrong shape")
    with nogil:
        status = fastcnn_conv2d(&p, &x[0, 0, 0, 0], &filter[0, 0, 0, 0], NULL, &y[0, 0, 0, 0], NULL, 0)
    if status != FASTCNN_OK:
        raise ValueError(fastcnn_last_error().decode())
