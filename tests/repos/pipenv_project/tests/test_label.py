from parcel_pipenv_project import label


def test_label():
    assert label(b"fragile") == "FRAGILE"
