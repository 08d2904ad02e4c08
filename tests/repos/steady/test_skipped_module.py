import pytest

pytest.skip("nothing here for this host", allow_module_level=True)


def test_never():
    assert False
