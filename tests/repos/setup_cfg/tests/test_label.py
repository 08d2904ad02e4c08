from parcel_setup_cfg import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
