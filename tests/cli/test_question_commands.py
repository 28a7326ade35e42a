from tests.cli.conftest import Shell, sit_down
from tests.factories import REGISTRATION
from tests.security.made import Stage

RACE = {"preset": "open_price_race", "ceiling": "20000", "decrement": "100"}


def test_a_desk_asks_and_a_buyer_answers_changes_declines_and_clarifies(shell: Shell, stage: Stage) -> None:
    carrier = stage.a_carrier()
    for name, user in (("desk", carrier), ("buyer", stage.buyer)):
        sit_down(shell, name, user)
    request_id = stage.publish()
    invitation_id = stage.invitation(carrier)
    assert "No questions yet." in shell.good(f"buyer questions {request_id} --as buyer").out
    assert "Nobody has an answer yet." in shell.good(f"desk questions {invitation_id} --as desk").out
    file = shell.file("question.txt", "Is the riser ours to use?")
    first = shell.json(f"desk ask {invitation_id} @{file} --as desk")["id"]
    refused = shell(f"desk ask {invitation_id} 'Write to a.b@mail.example.com' --as desk")
    assert (refused.code, "an e-mail address" in refused.err) == (1, True)
    said = shell.good(f"buyer questions {request_id} --as buyer").out
    assert "Carrier" in said
    assert f"marketplace buyer answer {request_id} {first}" in " ".join(said.split())
    assert shell.json(f"buyer answer {request_id} {first} 'Yes, it is.' --as buyer")["state"] == "answered"
    changed = shell.json(f"buyer answer {request_id} {first} 'It is shared.' --change 1 --as buyer")
    assert (changed["version"], changed["changed"]) == (2, True)
    second = shell.json(f"desk ask {invitation_id} 'And the basement?' --as desk")["id"]
    assert "leave out" in shell(f"buyer answer {request_id} {second} 'No.' --decline --change 1 --as buyer").err
    assert shell.json(f"buyer answer {request_id} {second} 'See above.' --decline --as buyer")["state"] == "declined"
    named = f"'Ask the {REGISTRATION['name']}.'"
    assert "--accept-finding" in shell(f"buyer clarify {request_id} {named} --as buyer").err
    accepted = f"--accept-finding '{REGISTRATION['name']}'"
    assert shell.json(f"buyer clarify {request_id} {named} {accepted} --as buyer")["state"] == "published"
    found = shell.json(f"desk questions {invitation_id} --as desk")
    assert {(one["state"], one["answer"]) for one in found} == {
        ("answered", "It is shared."),
        ("declined", None),
        ("published", named.strip("'")),
    }


def test_the_platform_announces_and_both_sides_read_it(shell: Shell, stage: Stage) -> None:
    carrier = stage.a_carrier()
    for name, user in (("desk", carrier), ("buyer", stage.buyer), ("admin", stage.admin)):
        sit_down(shell, name, user)
    request_id = stage.publish(auction=RACE)
    assert "Nothing was announced." in shell.good(f"buyer announcements {request_id} --as buyer").out
    shell.good(f"platform announce {request_id} 'We watch the lines.' --as admin")
    shell.good(f"platform pause {request_id} --reason 'A cable is cut.' --as admin")
    shell.good(f"platform resume {request_id} --reason 'It is mended.' --as admin")
    for line in (
        f"buyer announcements {request_id} --as buyer",
        f"desk announcements {stage.invitation(carrier)} --as desk",
    ):
        found = shell.json(line)
        assert [one["kind"] for one in found] != []
        assert {one["text"] for one in found} == {"We watch the lines.", "A cable is cut.", "It is mended."}
    refused = shell(f"platform announce {request_id} 'For the {REGISTRATION['name']}.' --as admin")
    assert (refused.code, REGISTRATION["name"] in refused.err) == (1, True)
