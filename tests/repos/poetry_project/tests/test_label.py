from parcel_poetry_project import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
