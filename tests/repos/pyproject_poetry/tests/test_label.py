from parcel_pyproject_poetry import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
