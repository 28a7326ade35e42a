"""How a function becomes machine code: once, cached on disk where that is possible, with the types that mypy sees."""

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit
from numba.core.errors import NumbaWarning

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"nogil": True, "_nrt": False}
"""Kernels let other threads run, allocate nothing and keep no array: to count references to arrays (``_nrt``) would
cost more than the loops do."""


def compiled(signature: Any = None, *, inline: bool = False) -> Callable[[F], F]:
    """Return a decorator that compiles a function for ``signature`` at once, so that no call waits for a compiler.

    Without a signature the function is only made to be called by compiled ones; ``inline`` makes it a part of each
    of them. The machine code is kept beside the module, else in the user's cache; where neither can be written it is
    compiled again in each process.
    """

    def decorate(function: F) -> F:
        if signature is None:
            return _typed(function, njit(forceinline=inline, **_OPTIONS)(function))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NumbaWarning)
            try:
                return _typed(function, njit(signature, cache=True, **_OPTIONS)(function))
            except (RuntimeError, OSError):
                # numba found no place that it may write to, or could not write there: slower to start, not wrong
                return _typed(function, njit(signature, **_OPTIONS)(function))

    return decorate


def direct(kernel: Callable[..., T]) -> Callable[..., T]:
    """Return a compiled function of one signature as it is called without looking for the one that fits the arguments.

    The look would take as long as a kernel takes over hundreds of filters. Arguments of other types are undefined.
    """
    made: Any = kernel
    (only,) = made.overloads.values()
    called: Callable[..., T] = only.entry_point
    return called


def _typed(_: F, made: Any) -> F:
    """Return what numba made of a function, with the function's own type."""
    typed: F = made
    return typed
