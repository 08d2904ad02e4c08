import six


def test_constraint_holds():
    assert six.__version__.startswith("1.")
