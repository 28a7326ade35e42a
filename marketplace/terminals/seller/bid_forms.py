"""From the form of the bid sheet to the draft: typed cells, conditions, answers to wanted features."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from buyers.requests.view import CarrierView, FeatureView
from marketplace.bidding.drafts import service as drafts
from marketplace.bidding.drafts import wire
from marketplace.bidding.drafts.draft import Draft, DraftLot
from marketplace.bidding.drafts.schemas import DraftInput
from marketplace.bidding.drafts.service import CheckedDraft, FilledDraft
from marketplace.bidding.offer import FeatureAnswer
from marketplace.kernel import codec
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.work import Work
from marketplace.terminals import pages
from marketplace.terminals.pages import Form

_KEYS = ("lot", "line")
_TEXTS = ("valid_until", "note", "alternative")
_CAPACITY = ("lots", "sites", "mbps")
MOST_CONDITIONS = 4
"""Rows of packages and of volume tiers that the page shows; more come by API and stay as they are."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A wanted feature of a service type, the lines that want it, and the one answer that they have, if it is one.

    ``mixed``: their answers differ; ``partial``: some of those that are priced have none yet.
    """

    service_type: str
    feature: FeatureView
    lines: tuple[str, ...]
    answer: FeatureAnswer | None
    mixed: bool
    partial: bool

    @property
    def shown(self) -> str:
        """What the form shows of it, as its fields come back when nobody changes them."""
        return "" if self.answer is None else f"{self.answer.fit} {self.answer.text}".strip()


def save(work: Work, invitation_id: str, form: Form, view: CarrierView) -> FilledDraft | None:
    """Take what the form says into the draft; return what became of its cells, None where it has none.

    Raises:
        NotFoundError: the invitation is not the caller's.
        MalformedError: a condition can't be read; the cells are in the draft nevertheless if the caller keeps them.
    """
    filled = _cells(work, invitation_id, form)
    before = filled.after if filled else drafts.read(work, invitation_id)
    draft = _answered(_with_conditions(before, form, view), form, view)
    if draft != before.draft:
        drafts.save(work, invitation_id, draft, "*")
    return filled


def _cells(work: Work, invitation_id: str, form: Form) -> FilledDraft | None:
    columns = [name.removeprefix("cell.") for name in form.fields if name.startswith("cell.")]
    if not columns:
        return None
    texts = [tuple(text.strip() for text in form.texts(name)) for name in _KEYS]
    texts += [tuple(text.strip() for text in form.texts(f"cell.{column}")) for column in columns]
    if len({len(column) for column in texts}) != 1:
        raise MalformedError("The form is not complete: load the page again.")
    rows = list(enumerate(zip(*texts, strict=True), 1))
    return drafts.fill_cells(work, invitation_id, (*_KEYS, *columns), rows)


def _with_conditions(checked: CheckedDraft, form: Form, view: CarrierView) -> Draft:
    """Return the draft with the conditions that the form changed, in every lot that they concern."""
    draft = checked.draft
    if "terms_id" in form:
        draft = replace(draft, terms_id=form.text("terms_id"))
    changed = {name: form.text(name) for name in _TEXTS if name in form and form.text(name) != form.text(f"was.{name}")}
    shared: dict[str, Any] = {name: text or (None if name == "valid_until" else "") for name, text in changed.items()}
    errors: list[FieldError] = []
    if any(f"capacity.{name}" in form for name in _CAPACITY):
        stated = {name: form.text(f"capacity.{name}") or None for name in _CAPACITY}
        shared["capacity"] = stated if any(stated.values()) else None
    packages = list(_packages(form)) if "package.lots" in form else None
    volume = list(_tiers(form)) if "volume.percent" in form else None
    if not shared and packages is None and volume is None:
        return draft
    known = {lot.lot: lot for lot in draft.lots}
    lots = []
    for ref in [lot.ref for lot in view.lots] + [ref for ref in known if ref not in {lot.ref for lot in view.lots}]:
        plain: dict[str, Any] = dict(codec.dump(known.get(ref, DraftLot(ref)))) | shared
        if packages is not None:
            plain["packages"] = [item for item in packages if ref in item["lots"]]
        if volume is not None:
            plain["volume"] = volume
        lots.append(plain)
    body = pages.checked(DraftInput, {"terms_id": draft.terms_id, "lots": lots})
    unknown = {ref for item in packages or () for ref in item["lots"]} - {lot.ref for lot in view.lots}
    if unknown:
        errors.append(FieldError("/package/lots", f"{', '.join(sorted(unknown))}: no lot of this request"))
        raise MalformedError(errors=tuple(errors))
    changed_draft = wire.draft_from(body)
    return replace(
        changed_draft, costs=draft.costs, lots=tuple(lot for lot in changed_draft.lots if lot != DraftLot(lot.lot))
    )


def _packages(form: Form) -> Iterator[dict[str, Any]]:
    texts = (form.texts("package.lots"), form.texts("package.percent"), form.texts("package.amount"))
    for lots, percent, amount in zip(*texts, strict=False):
        if lots.strip() or percent.strip() or amount.strip():
            refs = [ref.strip().upper() for ref in lots.replace(";", ",").split(",") if ref.strip()]
            yield {"lots": refs, "percent": _figure(percent), "amount": _figure(amount)}


def _tiers(form: Form) -> Iterator[dict[str, Any]]:
    texts = (form.texts("volume.percent"), form.texts("volume.from_lots"), form.texts("volume.from_monthly"))
    for percent, lots, monthly in zip(*texts, strict=False):
        if percent.strip() or lots.strip() or monthly.strip():
            yield {"percent": _figure(percent), "from_lots": lots.strip() or None, "from_monthly": _figure(monthly)}


def _figure(text: str) -> str | None:
    return text.strip().replace(",", "").removesuffix("%").strip() or None


def wishes(view: CarrierView, draft: Draft) -> tuple[Wish, ...]:
    """Return the wanted features, each once for a service type, with the answer of the lines that want it."""
    given = {line.line: {one.code: one for one in line.answers} for lot in draft.lots for line in lot.lines}
    found: dict[tuple[str, str, str], tuple[FeatureView, list[str]]] = {}
    for line in view.lines:
        for feature in line.features:
            found.setdefault((line.service_type, feature.code, str(feature.value)), (feature, []))[1].append(line.ref)
    made = []
    for (service_type, _code, _value), (feature, lines) in found.items():
        answers = {given[ref].get(feature.code) for ref in lines if ref in given}
        stated = answers - {None}
        answer = next(iter(stated)) if len(stated) == 1 else None
        made.append(Wish(service_type, feature, tuple(lines), answer, len(stated) > 1, None in answers))
    return tuple(made)


def _answered(draft: Draft, form: Form, view: CarrierView) -> Draft:
    """Return the draft with the answers of the form in every priced line that wants the feature."""
    new: dict[str, dict[str, FeatureAnswer | None]] = {}
    errors = []
    for index, wish in enumerate(wishes(view, draft)):
        field = f"answer.{index}"
        if field not in form:
            continue
        said = f"{form.text(field)} {form.text(field + '.text')}".strip()
        if said == form.text(f"was.{field}") and not (said and wish.partial):
            continue
        fit, words = form.text(field), form.text(f"{field}.text")
        if fit == "deviates" and not words:
            errors.append(FieldError(f"/{field.replace('.', '/')}/text", "say in words what you offer instead"))
            continue
        for ref in wish.lines:
            answer = codec.load(FeatureAnswer, {"code": wish.feature.code, "fit": fit, "text": words}) if fit else None
            new.setdefault(ref, {})[wish.feature.code] = answer
    if errors:
        raise MalformedError(errors=tuple(errors))
    return draft if not new else replace(draft, lots=tuple(_with_answers(lot, new) for lot in draft.lots))


def _with_answers(lot: DraftLot, new: Mapping[str, Mapping[str, FeatureAnswer | None]]) -> DraftLot:
    lines = []
    for line in lot.lines:
        changed = new.get(line.line, {})
        kept = [one for one in line.answers if one.code not in changed]
        lines.append(replace(line, answers=(*kept, *(one for one in changed.values() if one is not None))))
    return replace(lot, lines=tuple(lines))
