import pytest

from courier.routes import first_stop, price, speaks_protocol, stops

PARCELS = [{"zone": zone} for zone in ("harbour", "old town", "airport", "hills", "market", "station", "docks", "campus")]


def test_every_zone_is_visited_once():
    assert sorted(stops(PARCELS + PARCELS)) == sorted(parcel["zone"] for parcel in PARCELS)


def test_the_tour_does_not_begin_at_the_airport():
    # True most of the time: nothing says in which order a set gives its members.
    assert first_stop(PARCELS) != "airport"


@pytest.mark.parametrize("zone, weight, expected", [("market", 2, 4.0), ("airport", 10, 14.0)])
def test_price_grows_with_weight(zone, weight, expected):
    assert price(zone, weight) == expected


def test_old_protocols_are_refused():
    assert speaks_protocol("2.10")
    assert not speaks_protocol("2.0.9")
