from packaging.version import Version

ZONES = {"harbour": 4, "old town": 2, "airport": 9, "hills": 6, "market": 3, "station": 2, "docks": 5, "campus": 7}


def stops(parcels):
    """The zones that today's parcels go to."""
    return list({parcel["zone"] for parcel in parcels})


def first_stop(parcels):
    return stops(parcels)[0]


def price(zone, weight):
    return ZONES[zone] + 0.5 * weight


def speaks_protocol(version):
    return Version(version) >= Version("2.1")
