"""Scenarios, files of the comparison, switching costs and the second user, by commands alone."""

import openpyxl

from tests.awards.made import a_round
from tests.cli.conftest import Shell, signed_in_again, sit_down
from tests.security.made import Stage


def test_a_scenario_is_saved_computed_selected_and_approved_by_commands(shell: Shell, stage: Stage) -> None:
    played = a_round(stage)
    played.bid_all()
    sit_down(shell, "buyer", stage.buyer)
    costs = shell.file("costs.json", [{"lot": "T1", "incumbent": played.id_of("red"), "amount": "7.50"}])
    assert "7.50" in shell.good(f"buyer switching-costs {played.request_id} {costs}").out
    assert "available after the opening" in shell.good(f"buyer scenarios {played.request_id}").out
    stage.close()
    stage.buyer, played.colleague = (signed_in_again(stage, user) for user in (stage.buyer, played.colleague))
    sit_down(shell, "buyer", stage.buyer)
    sit_down(shell, "colleague", played.colleague)

    book = shell.folder / "bids.xlsx"
    shell.good(f"buyer compare {played.request_id} --xlsx {book} --csv {shell.folder / 'bids.csv'}")
    assert openpyxl.load_workbook(book).sheetnames == ["Bids", "Matrix", "Totals"]
    rules = [{"type": "providers", "at_most": 1}]
    own = shell.file("own.json", {"name": "One bill", "rules": rules})
    shell.good(f"buyer save-scenario {played.request_id} {own}")
    assert shell.json(f"buyer save-scenario {played.request_id} {own}")["revision"] == 2
    shown = shell.good(f"buyer scenarios {played.request_id}").out
    assert "proven cheapest" in shown
    (saved,) = shell.json(f"buyer own-scenarios {played.request_id}")
    found = shell.json(f"buyer scenarios {played.request_id} --key {saved['id']}")
    assert found["provider_count"] == 1

    shell.good("buyer approval-limit 1,000.00")
    line = f"buyer award-scenario {played.request_id} {saved['id']} --reason 'One invoice.'"
    refused = shell(line, "no\n")
    assert refused.code == 1
    assert "counts against the limit" in refused.out + refused.err
    assert "buyer approve" in shell.good(line, "AWARD\n").out
    (waiting,) = shell.json(f"buyer approvals {played.request_id}")
    approve = f"buyer approve {played.request_id} {waiting['id']}"
    assert shell(f"{approve} --yes").code == 1, "nobody approves its own selection"
    assert "Awarded." in shell.good(f"{approve} --as colleague", "APPROVE\n").out
    (award,) = shell.json(f"buyer awards {played.request_id}")
    assert award["basis"]["scenario"] == "One bill"


def test_a_selection_is_rejected_and_cancelled_by_commands(shell: Shell, stage: Stage) -> None:
    played = a_round(stage)
    played.bid_all()
    stage.close()
    stage.buyer, played.colleague = (signed_in_again(stage, user) for user in (stage.buyer, played.colleague))
    sit_down(shell, "buyer", stage.buyer)
    sit_down(shell, "colleague", played.colleague)
    shell.good("buyer approval-limit 0")
    award = f"buyer award {played.request_id} --cheapest --yes"
    first = shell.json(award)
    assert first["status"] == "waits for approval"
    shell.good(f"buyer reject {played.request_id} {first['id']} --reason 'Too dear' --as colleague")
    second = shell.json(award)
    shell.good(f"buyer cancel-award {played.request_id} {second['id']}")
    assert "anything alone" in shell.good("buyer approval-limit none").out
    assert shell.json(award)["status"] == "awarded"
