from parcel_pyproject_setuptools import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
