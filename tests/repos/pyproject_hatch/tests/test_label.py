from parcel_pyproject_hatch import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
