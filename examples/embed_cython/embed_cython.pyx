"""Kernels called from Cython without the GIL and without an array being wrapped."""
from fastcnn.cython_kernels cimport FASTCNN_OK, FASTCNN_RELU, fastcnn_activate, fastcnn_last_error, fastcnn_status


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
