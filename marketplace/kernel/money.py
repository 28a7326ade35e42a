"""Money: Decimal with a currency, rounded half-even once, never a float."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Self

CENT = Decimal("0.01")
RATE_STEP = Decimal("0.0001")
LIMIT = Decimal("1e12")
"""No single amount of this marketplace reaches a trillion: a larger one is a slip."""


def cents(amount: Decimal) -> Decimal:
    """Round ``amount`` to two decimals, half-even: the stated step at the end of a formula."""
    return amount.quantize(CENT, ROUND_HALF_EVEN)


def is_price(amount: Decimal) -> bool:
    """Tell whether ``amount`` can be a price: above 0, below the limit of all money, in whole cents."""
    return amount.is_finite() and 0 < amount < LIMIT and amount == cents(amount)


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in one currency (ISO 4217 code). Arithmetic between two currencies is an error."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"money is Decimal, not {type(self.amount).__name__}")

    def __add__(self, other: Self) -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Self) -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, factor: int | Decimal) -> "Money":
        if isinstance(factor, float):
            raise TypeError("money is never multiplied by a float")
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Self) -> bool:
        self._same(other)
        return self.amount < other.amount

    def rounded(self) -> "Money":
        """Return the same money in whole cents."""
        return Money(cents(self.amount), self.currency)

    def __str__(self) -> str:
        return f"{cents(self.amount):,} {self.currency}"

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} need an exchange rate first")
