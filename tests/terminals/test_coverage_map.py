"""Where a carrier's own places are, by area: from its own file, none of them more exactly than a map needs."""

from marketplace.terminals.seller.coverage_map import Area, drawn, legend, spread

HEAD = "kind,service_types,down_mbps,street,city,state,postal_code,country,latitude,longitude,area\n"


def test_places_are_counted_by_area_and_those_without_a_point_apart() -> None:
    rows = (
        "on-net,data,1000,1201 3rd Ave,Seattle,WA,98101,US,,,\n"
        "near-net,data,500,,,,98104,US,,,\n"
        "near-net,data,500,,,,,,47.6,-122.3,\n"
        'on-net,data,500,,,,,,,,"{}"\n'
        f'on-net,data,500,,,,,,,,"{"9" * 200_000}"\n'
        "on-net,data,500,,Bonn,,53111,DE,,,\n"
    )
    found = spread((HEAD + rows).encode("utf-8-sig"))
    first, second = found.areas
    assert (first.name, first.on_net, first.near_net) == ("ZIP 981", 1, 1)
    assert second == Area("48°, -122°", -122.0, 48.0, 0, 1)
    assert (found.elsewhere, found.abroad) == (3, False)
    chart = drawn(found, str)
    assert chart.count == 2
    assert chart.table.rows == (("ZIP 981", "1", "1"), ("48°, -122°", "0", "1"))
    assert [colour for _, colour in legend(str)] == [1, 2]


def test_a_footprint_abroad_is_drawn_on_the_world() -> None:
    found = spread((HEAD + "on-net,data,500,,Bonn,,53111,DE,50.7,7.1,\n").encode())
    assert found.abroad
    assert drawn(found, str).count == 1
