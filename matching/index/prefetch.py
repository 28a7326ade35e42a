"""A hint to the processor to fetch memory that will be needed: it arrives while something else is worked on."""

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj


def _prefetch(_: Any, array: Any, index: Any) -> Any:  # noqa: ARG001 - numba takes the kernels' parameters from here
    """Begin to fetch the item ``index`` of an array, counted through all its rows; nothing is checked or changed.

    It becomes LLVM's ``llvm.prefetch`` (https://llvm.org/docs/LangRef.html#llvm-prefetch-intrinsic), which does
    nothing on a processor that takes no such hints.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        arrays: Any = arrayobj
        functions: Any = cgutils
        made = arrays.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        fetch = functions.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        item = builder.bitcast(builder.gep(made.data, [arguments[1]]), byte)
        # for reading (0), into the nearest cache (3), data (1)
        builder.call(fetch, [item, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


prefetch: Any = intrinsic(_prefetch)
"""For kernels alone: ``prefetch(array, index)``."""
