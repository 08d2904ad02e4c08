from parcel_pyproject_flit import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
