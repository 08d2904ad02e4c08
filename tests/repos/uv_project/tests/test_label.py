from parcel_uv_project import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
