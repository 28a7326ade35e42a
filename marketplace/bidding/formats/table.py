"""The table of formats: the only place that lists them."""

from marketplace.bidding.formats.base import Format
from marketplace.bidding.formats.english import English
from marketplace.bidding.formats.sealed import SealedFirstPrice

_ALL: tuple[Format, ...] = (SealedFirstPrice(), English())

FORMATS: dict[str, Format] = {format_.code: format_ for format_ in _ALL}
