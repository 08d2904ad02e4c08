from parcel_setup_py_only import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
