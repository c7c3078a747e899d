"""How many threads a BLAS gets: one for small matrices, where several cost more than they do.

On a machine that is busy otherwise (chapters executed side by side, tests in parallel) threads that wait for each other
have been seen to slow an inverse of order 128 a hundredfold.
"""

from threadpoolctl import ThreadpoolController

_MANY_FROM = 512  # order of a matrix from which on threads pay
_blas = ThreadpoolController()


def threads_for(order):
    """A context in which BLAS and LAPACK calls on matrices of this order run on one thread, or on all from 512 on."""
    return one_thread() if order < _MANY_FROM else _blas.limit(limits=None, user_api="blas")


def one_thread():
    """A context in which BLAS and LAPACK run on one thread."""
    return _blas.limit(limits=1, user_api="blas")
