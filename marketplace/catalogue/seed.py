"""The catalogue as JSON documents: the one packaged with the marketplace, and those that the back office stores."""

import json
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from marketplace.catalogue.model import Catalogue
from marketplace.catalogue.rules import validate_catalogue
from marketplace.kernel import codec
from marketplace.kernel.errors import FieldError, MalformedError


def load_seed() -> Catalogue:
    """Return the packaged catalogue.

    ``features.json`` says once what each feature code means; ``catalogue.json`` lists, for each service type, the
    codes it uses and the members that differ there (required, a narrower range, fewer choices).
    """
    vocabulary = _read("features.json")
    document = _read("catalogue.json")
    for family in document["families"]:
        for kind in family["service_types"]:
            kind["features"] = [
                {"code": code} | vocabulary[code] | differing for code, differing in kind["features"].items()
            ]
    return from_document(document)


def to_document(catalogue: Catalogue) -> Any:
    """Return ``catalogue`` as JSON values; Decimals become strings."""
    return codec.dump(catalogue)


def from_document(document: Any) -> Catalogue:
    """Return the catalogue that ``document`` describes.

    Raises:
        MalformedError: it has the wrong shape, or ``validate_catalogue`` finds something in it.
    """
    try:
        catalogue = codec.load(Catalogue, document)
    except ValidationError as error:
        found = tuple(
            FieldError("".join(f"/{part}" for part in one["loc"]), one["msg"])
            for one in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise MalformedError("This is not a catalogue", errors=found) from error
    if errors := validate_catalogue(catalogue):
        raise MalformedError("The catalogue contradicts itself", errors=errors)
    return catalogue


def _read(name: str) -> Any:
    return json.loads(files("marketplace.catalogue").joinpath("data", name).read_text(encoding="utf-8"))
