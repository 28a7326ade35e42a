"""Until the opening nobody learns a sealed price or how many bids there are, not even from the stored tables."""

import hashlib
import itertools
import json

from sqlalchemy import Text, create_engine, literal_column, select, table, text

from marketplace.kernel.db import Database
from tests.security.made import Stage

MRC, TOTAL = "4711.93", "169629.48"


def _dumped(database: Database) -> dict[str, str]:
    """Return every table as text, as who has stolen the database reads it; bytes in hexadecimal."""
    owner = create_engine(database.owner)
    with owner.connect() as connection:
        tables = connection.execute(
            text(
                "SELECT table_schema, table_name FROM information_schema.tables"
                " WHERE table_schema IN ('kernel', 'market', 'registry', 'identity')"
            )
        ).all()
        found = {}
        for schema, name in tables:
            rows = connection.execute(
                select(literal_column("to_jsonb(t)::text", Text())).select_from(table(name, schema=schema).alias("t"))
            )
            found[f"{schema}.{name}"] = "\n".join(row for (row,) in rows)
    owner.dispose()
    return found


def test_a_stolen_database_shows_no_sealed_price(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    body = stage.bid_body(carrier, MRC)
    path = f"/invitations/{stage.invitation(carrier)}/bids"
    sent = json.dumps(body).encode()
    headers = {"Idempotency-Key": "once", "Content-Type": "application/json"}
    assert stage.call(carrier, "POST", path, content=sent, headers=headers).status_code == 201
    stage.settle()
    dumped = _dumped(stage.market.database)
    assert dumped["market.bids"]
    plain = [MRC, TOTAL, MRC.replace(".", ""), TOTAL.replace(".", "")]
    bytes_of = [word.encode().hex() for word in plain]
    # what a thief could compute to try prices: plain hashes of the request as it was sent
    tried = [
        hashlib.new(hashing, joint.join(parts)).hexdigest()
        for hashing, joint in itertools.product(("sha256", "sha1", "md5", "blake2b"), (b"", b"\0", b"\n", b" "))
        for parts in ((sent,), (b"POST", path.encode(), sent), (b"POST", path.encode(), b"", sent))
    ]
    for stored, rows in dumped.items():
        for secret in (*plain, *bytes_of, *tried):
            assert secret not in rows, f"{stored} tells the price"


def test_nobody_sees_whether_there_is_a_sealed_bid(stage: Stage) -> None:
    bidder, rival = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    for carrier in (bidder, rival):
        stage.ok(carrier, "GET", f"/invitations/{stage.invitation(carrier)}")
    of_buyer = ("auction", "comparison", "invitations", "awards", "contracts", "preview")
    views = [(stage.buyer, f"/requests/{request_id}/{view}") for view in of_buyer] + [(stage.buyer, "/notices")]
    views += [(stage.admin, f"/platform/requests/{request_id}/matching"), (stage.admin, "/notices")]
    own = stage.invitation(rival)
    views += [(rival, f"/invitations/{own}{view}") for view in ("", "/auction", "/bids", "/award")]
    views += [(rival, path) for path in ("/invitations", "/notices", "/notices/unread-count")]

    def seen() -> list[tuple[int, str, dict[str, str]]]:
        answers = [stage.call(who, "GET", path) for who, path in views]
        return [(answer.status_code, answer.text, dict(answer.headers)) for answer in answers]

    stage.settle()
    before = seen()
    receipts = [stage.bid(bidder, price)["receipts"][0] for price in ("400.00", "300.00")]
    stage.settle()
    assert seen() == before
    assert [receipt["sequence"] for receipt in receipts] == [None, None]
