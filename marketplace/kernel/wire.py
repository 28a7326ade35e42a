"""Plain types of what callers send: a number is a number and an answer is true or false, in no other spelling."""

from typing import Annotated

from pydantic import Strict

Whole = Annotated[int, Strict()]
"""A JSON integer: `"36"`, `36.5` and `true` are refused. Forms of pages, whose values are texts, are read laxly."""
YesNo = Annotated[bool, Strict()]
"""`true` or `false`: `1`, `"yes"` and `"off"` are refused."""
