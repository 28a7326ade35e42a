"""Checks of what was selected from the catalogue, and the one number that matching reads from a selection."""

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from reprlib import Repr

from marketplace.catalogue.model import Catalogue, Feature, FeatureKind, FeatureValue, ServiceType
from marketplace.kernel.errors import FieldError

BANDWIDTH = "bandwidth_mbps"
"""The code of the feature that filters compare with their bandwidth range."""
TEXT_LIMIT = 500
FEATURE_LIMIT = 100
"""No service type has this many features: a longer selection is refused before it is looked at."""
_WHOLE_DIGITS = 12
_DECIMALS = 6  # with a seventh, str() of a Decimal turns to an exponent, which would not be read back
# Plain ASCII decimals only: an exponent of a few characters can stand for gigabytes of digits.
_NUMBER = re.compile(rf"-?[0-9]{{1,{_WHOLE_DIGITS}}}(\.[0-9]{{1,{_DECIMALS}}})?")
_CODE_LIMIT = 60
_VERSION = re.compile(r"[A-Za-z0-9.-]{1,40}")
_NODE = re.compile(r"[a-z][a-z0-9-]*")
_FEATURE = re.compile(r"[a-z][a-z0-9_]*")
_CHOICE = re.compile(r"[!-~]([ -~]{0,58}[!-~])?")
_SUGGESTED = 3
_CLOSE = 0.7
_SUGGESTED_LENGTH = 60

_reprs = Repr()
_reprs.maxstring = _reprs.maxother = 60
_reprs.maxlist = _reprs.maxdict = 4
_reprs.maxlevel = 2


def validate_selection(
    catalogue: Catalogue, service_type: str, features: Mapping[str, object], *, pointer: str
) -> tuple[dict[str, FeatureValue], tuple[FieldError, ...]]:
    """Return the typed values of a line's features in the catalogue's order, and everything that is wrong with them.

    Reads JSON values as well as typed ones, so that a stored selection is read back by the same function.

    Args:
        catalogue: the version that the line is written against.
        service_type: the code of a leaf.
        features: JSON values by feature code; a number is a JSON number or a string such as "0.056".
        pointer: JSON Pointer of the line; errors point at its ``service_type`` or below its ``features``.
    """
    kind = catalogue.service_type(service_type)
    if kind is None:
        return {}, (FieldError(f"{pointer}/service_type", _unknown_service_type(catalogue, service_type)),)
    if len(features) > FEATURE_LIMIT:
        message = f"{len(features)} features are given; a line takes at most {FEATURE_LIMIT}"
        return {}, (FieldError(f"{pointer}/features", message),)
    values: dict[str, FeatureValue] = {}
    errors = [
        FieldError(_below(pointer, code), _unknown_feature(kind, code))
        for code in features
        if kind.feature(code) is None
    ]
    for feature in kind.features:
        if feature.code in features:
            value = _read(feature, features[feature.code])
            if value is None:
                errors.append(FieldError(_below(pointer, feature.code), _refusal(feature, features[feature.code])))
            else:
                values[feature.code] = value
        elif feature.required:
            message = f"{feature.code} ({feature.name}) is missing; {kind.code} needs {allowed(feature)}"
            errors.append(FieldError(_below(pointer, feature.code), message))
    return values, tuple(errors)


def bandwidth_mbps(features: Mapping[str, object]) -> Decimal | None:
    """Return the bandwidth in Mbps of a checked or stored selection, or None where it has none."""
    return read_number(features.get(BANDWIDTH))


def allowed(feature: Feature) -> str:
    """Return in words which values ``feature`` takes, with unit and range."""
    match feature.kind:
        case FeatureKind.FLAG:
            return "true or false"
        case FeatureKind.TEXT:
            return f"a text of 1 to {TEXT_LIMIT} printable characters"
        case FeatureKind.CHOICE:
            return f"one of {', '.join(feature.choices)}"
        case FeatureKind.CHOICES:
            return f"a list of one or more, each once, of {', '.join(feature.choices)}"
        case FeatureKind.NUMBER:
            return _allowed_number(feature)


def read_number(value: object) -> Decimal | None:
    """Return a JSON number or decimal string as an exact Decimal in plain notation, or None where it is neither.

    Refused: booleans, NaN, infinities, exponents in strings, more than 12 digits before or 6 after the point.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    if isinstance(value, str):
        return _plain(Decimal(value)) if _NUMBER.fullmatch(value) else None
    if isinstance(value, int) and abs(value) >= 10**_WHOLE_DIGITS:
        return None
    try:
        # A float is read by its shortest decimal form, the one that was written: 0.1 is one tenth.
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        return None
    return _plain(number)


def _plain(number: Decimal) -> Decimal | None:
    """Return ``number`` without exponent, trailing zeros and negative zero, or None where it is out of bounds."""
    if not number.is_finite():
        return None
    if not number:
        return Decimal(0)
    if number.adjusted() >= _WHOLE_DIGITS or not _decimals_fit(number):
        return None
    return Decimal(f"{number.normalize():f}")


def _decimals_fit(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_DECIMALS


def _read(feature: Feature, value: object) -> FeatureValue | None:
    """Return the typed value, or None where ``feature`` does not take it."""
    match feature.kind:
        case FeatureKind.NUMBER:
            return _read_in_range(feature, value)
        case FeatureKind.FLAG:
            return value if isinstance(value, bool) else None
        case FeatureKind.CHOICE:
            return value if isinstance(value, str) and value in feature.choices else None
        case FeatureKind.CHOICES:
            return _read_choices(feature, value)
        case FeatureKind.TEXT:
            return _read_text(value)


def _read_in_range(feature: Feature, value: object) -> Decimal | None:
    number = read_number(value)
    if number is None:
        return None
    too_low = feature.minimum is not None and number < feature.minimum
    too_high = feature.maximum is not None and number > feature.maximum
    broken = feature.whole and number != number.to_integral_value()
    return None if too_low or too_high or broken else number


def _read_choices(feature: Feature, value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= len(feature.choices):
        return None
    chosen = tuple(choice for choice in feature.choices if choice in value)
    # In the catalogue's order, so that the same choice has the same digest; shorter means doubled or unknown ones.
    return chosen if len(chosen) == len(value) else None


def _read_text(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if text.isprintable() and 1 <= len(text) <= TEXT_LIMIT else None


def _refusal(feature: Feature, value: object) -> str:
    suggestion = ""
    if feature.kind is FeatureKind.CHOICE:
        suggestion = _did_you_mean(value, _aliases(feature.choices))
    elif feature.kind is FeatureKind.CHOICES and isinstance(value, list | tuple):
        unknown = next((item for item in value if item not in feature.choices), None)
        suggestion = _did_you_mean(unknown, _aliases(feature.choices))
    return f"{feature.code} ({feature.name}) is {_shown(value)}; it takes {allowed(feature)}{suggestion}"


def _unknown_service_type(catalogue: Catalogue, given: str) -> str:
    family = next((family for family in catalogue.families if family.code == given), None)
    if family is not None:
        choices = ", ".join(kind.code for kind in family.service_types)
        return f"{given} is a family; give one of its service types: {choices}"
    aliases: dict[str, tuple[str, ...]] = {}
    for code in catalogue.codes():
        for alias in (code, code.rpartition(".")[2]):
            aliases[alias] = (*aliases.get(alias, ()), code)
    suggestion = _did_you_mean(given, aliases)
    families = ", ".join(family.code for family in catalogue.families)
    return (
        f"{_shown(given)} is not a service type; it takes a code of catalogue {catalogue.version} "
        f"in the families {families}{suggestion}"
    )


def _unknown_feature(kind: ServiceType, given: str) -> str:
    codes = tuple(feature.code for feature in kind.features)
    suggestion = _did_you_mean(given, {code: (code,) for code in codes})
    return f"{_shown(given)} is not a feature of {kind.code}; it takes {', '.join(codes)}{suggestion}"


def _aliases(choices: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {choice.lower(): (choice,) for choice in choices}


def _did_you_mean(given: object, aliases: Mapping[str, tuple[str, ...]]) -> str:
    """Return the closest known codes as a question, or nothing where none is close or ``given`` is very long."""
    if not isinstance(given, str) or len(given) > _SUGGESTED_LENGTH:
        return ""
    spelt = given.strip().lower().replace(" ", "-")
    close = get_close_matches(spelt, aliases, n=_SUGGESTED, cutoff=_CLOSE)
    codes = dict.fromkeys(code for alias in close for code in aliases[alias])
    return f"; did you mean {' or '.join(list(codes)[:_SUGGESTED])}?" if codes else ""


def _allowed_number(feature: Feature) -> str:
    words = "a whole number" if feature.whole else f"a number with at most {_DECIMALS} decimals"
    if feature.minimum is not None:
        words += f" from {feature.minimum:f}"
    if feature.maximum is not None:
        words += f" to {feature.maximum:f}"
    return f"{words} {feature.unit}" if feature.unit else words


def _shown(value: object) -> str:
    """Return ``value`` as the caller would write it, shortened, control characters escaped."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() if abs(value) >= 10**_SUGGESTED_LENGTH:
            return f"a number of more than {_SUGGESTED_LENGTH} digits"  # str() refuses very long integers
        case Decimal():
            return _reprs.repr(str(value)).strip("'")
        case _:
            return _reprs.repr(value)


def _below(pointer: str, code: str) -> str:
    """Return the JSON Pointer of a feature; a code from outside may hold the pointer's own signs (RFC 6901)."""
    return f"{pointer}/features/{code.replace('~', '~0').replace('/', '~1')}"


def validate_catalogue(catalogue: Catalogue) -> tuple[FieldError, ...]:
    """Return everything that makes ``catalogue`` unfit to be published; pointers lead into its document."""
    errors: list[FieldError] = []
    if not _VERSION.fullmatch(catalogue.version):
        message = f"{_shown(catalogue.version)} is no version; give 1 to 40 letters, digits, dots and hyphens"
        errors.append(FieldError("/version", message))
    if not catalogue.families:
        errors.append(FieldError("/families", "there is no family; give at least one"))
    errors += _doubled("/families", tuple(family.code for family in catalogue.families))
    used: dict[str, Feature] = {}
    for i, family in enumerate(catalogue.families):
        errors += _node_errors(f"/families/{i}", family.code, family.name, _NODE, "data")
        below = f"/families/{i}/service_types"
        errors += _doubled(below, tuple(kind.code for kind in family.service_types))
        leaf = re.compile(rf"{re.escape(family.code)}\.{_NODE.pattern}")
        for j, kind in enumerate(family.service_types):
            errors += _node_errors(f"{below}/{j}", kind.code, kind.name, leaf, f"{family.code}.sd-wan")
            errors += _doubled(f"{below}/{j}/features", tuple(feature.code for feature in kind.features))
            for k, feature in enumerate(kind.features):
                place = f"{below}/{j}/features/{k}"
                errors += _feature_errors(place, feature)
                errors += _meaning_errors(place, feature, used.setdefault(feature.code, feature))
    return tuple(errors)


def _node_errors(place: str, code: str, name: str, pattern: re.Pattern[str], example: str) -> list[FieldError]:
    errors = []
    if len(code) > _CODE_LIMIT or not pattern.fullmatch(code):
        message = f"{_shown(code)} is no code here; give at most {_CODE_LIMIT} lower-case characters such as {example}"
        errors.append(FieldError(f"{place}/code", message))
    if not name.strip():
        errors.append(FieldError(f"{place}/name", f"the name of {_shown(code)} is empty; give the name that is shown"))
    return errors


def _doubled(place: str, codes: tuple[str, ...]) -> list[FieldError]:
    return [
        FieldError(f"{place}/{i}/code", f"{_shown(code)} is given twice; a code is used once in its list")
        for i, code in enumerate(codes)
        if code in codes[:i]
    ]


def _feature_errors(place: str, feature: Feature) -> list[FieldError]:
    errors = _node_errors(place, feature.code, feature.name, _FEATURE, BANDWIDTH)
    if feature.kind in {FeatureKind.CHOICE, FeatureKind.CHOICES}:
        errors += _choices_errors(place, feature)
    elif feature.choices:
        message = f"{feature.code} is a {feature.kind} and has choices; leave them out or make it a choice"
        errors.append(FieldError(f"{place}/choices", message))
    if feature.kind is FeatureKind.NUMBER:
        return errors + _range_errors(place, feature)
    if feature.unit is not None or feature.minimum is not None or feature.maximum is not None or feature.whole:
        message = f"{feature.code} is a {feature.kind}; only a number has unit, minimum, maximum and whole"
        errors.append(FieldError(place, message))
    return errors


def _choices_errors(place: str, feature: Feature) -> list[FieldError]:
    if not feature.choices:
        return [FieldError(f"{place}/choices", f"{feature.code} is a {feature.kind}; give the values to choose from")]
    return [
        FieldError(f"{place}/choices/{i}", f"{_shown(choice)} is empty, too long or given twice; give each value once")
        for i, choice in enumerate(feature.choices)
        if choice in feature.choices[:i] or not _CHOICE.fullmatch(choice)
    ]


def _range_errors(place: str, feature: Feature) -> list[FieldError]:
    errors = []
    for name, bound in (("minimum", feature.minimum), ("maximum", feature.maximum)):
        if bound is None:
            continue
        number = read_number(bound)
        if number is None or (feature.whole and number != number.to_integral_value()):
            wanted = allowed(replace(feature, minimum=None, maximum=None))
            errors.append(FieldError(f"{place}/{name}", f"the {name} is {_shown(bound)}; it must be {wanted}"))
    if not errors and feature.minimum is not None and feature.maximum is not None and feature.minimum > feature.maximum:
        message = f"the minimum {feature.minimum:f} is above the maximum {feature.maximum:f}; nothing would be allowed"
        errors.append(FieldError(f"{place}/minimum", message))
    return errors


def _meaning_errors(place: str, feature: Feature, first: Feature) -> list[FieldError]:
    """Refuse one code with two meanings: filters and comparisons read features by code across service types."""
    if feature.code == BANDWIDTH and (feature.kind is not FeatureKind.NUMBER or feature.unit != "Mbps"):
        return [FieldError(place, f"{BANDWIDTH} is what filters compare: it must be a number in Mbps")]
    if (feature.kind, feature.unit) == (first.kind, first.unit):
        return []
    message = (
        f"{feature.code} is a {feature.kind} in {feature.unit or 'no unit'} here and a {first.kind} in "
        f"{first.unit or 'no unit'} elsewhere; give it the same kind and unit or another code"
    )
    return [FieldError(place, message)]
