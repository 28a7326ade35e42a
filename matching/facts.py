"""From what a buyer asks for to what filters are compared with: the facts of a request, without who asks.

Facts are never finer than what the invited providers are shown: a provider that saves a thousand narrow filters and
looks which of them match learns no more than the request's view tells it. So:

- bands that the buyer does not disclose are empty,
- a site has place keys as exactly as the request discloses it (``marketplace.geography.placing``). At the disclosure
  level 'city' it has no postal code: a filter of postal prefixes then does not cover it, though the site may lie inside
  (and an excluded prefix does not keep it out): a filter that wants such requests names the state or the country. What
  is lost in reach is the price of what the buyer keeps to itself,
- the monthly spend, which no provider is shown, is a step of 1, 2, 5, 10, 20, 50 and so on.
"""

from decimal import Decimal

from buyers.requests.model import Band, Bands, Content, Line, Priority, PriorUsage
from buyers.requests.placing import placing_of
from marketplace.kernel.ids import RequestId
from matching.model import LineFacts, RequestFacts, SiteFacts

BANDWIDTH_FEATURE = "bandwidth_mbps"
"""The catalogue's feature whose value is a line's bandwidth, in Mbps."""


def facts_of(request_id: RequestId, content: Content, bands: Bands) -> RequestFacts:
    """Return the facts of a request, as coarse as it discloses them; of ``bands`` only those in it that are ticked.

    A company-wide line counts as being at every site. A request without sites has one site without place keys.
    """
    if content.sites:
        sites = tuple(
            SiteFacts(
                ref=site.ref,
                keys=placing_of(site.place, content.disclosure).keys,
                lines=tuple(_line(line) for line in content.lines if line.site in {site.ref, ""}),
            )
            for site in content.sites
        )
    else:
        sites = (SiteFacts("", frozenset(), tuple(_line(line) for line in content.lines)),)
    return RequestFacts(
        request_id=request_id,
        sites=sites,
        currency=content.billing.currency,
        consolidated_invoice=content.billing.consolidated,
        term_months=content.term_months,
        start_date=content.start_date,
        monthly_spend=_monthly_spend(content.prior_usage),
        industry=bands.industry if Band.INDUSTRY in content.disclosed_bands else "",
        size=bands.size if Band.SIZE in content.disclosed_bands else "",
        region=bands.region if Band.REGION in content.disclosed_bands else "",
    )


def _line(line: Line) -> LineFacts:
    """Return the facts of a line: must features, without flags that the buyer answered with no."""
    asked = frozenset(
        feature.code for feature in line.features if feature.priority is Priority.MUST and feature.value is not False
    )
    bandwidth = next((feature.value for feature in line.features if feature.code == BANDWIDTH_FEATURE), None)
    return LineFacts(
        ref=line.ref,
        service_type=line.service_type,
        bandwidth_mbps=bandwidth if isinstance(bandwidth, Decimal) else None,
        features=asked,
    )


def _monthly_spend(usage: tuple[PriorUsage, ...]) -> Decimal | None:
    """Return about what rows with a spend say together, in the request's currency; None when no row says it."""
    stated = [row.monthly_spend for row in usage if row.monthly_spend is not None]
    return _step(sum(stated, Decimal(0))) if stated else None


def _step(amount: Decimal) -> Decimal:
    """Return the nearest of 1, 2, 5, 10, 20, 50 and so on; the lower of two that are equally near; below 1 is 0."""
    if amount < 1:
        return Decimal(0)
    power = Decimal(10) ** amount.adjusted()
    return min((power * step for step in (1, 2, 5, 10)), key=lambda step: abs(step - amount))
