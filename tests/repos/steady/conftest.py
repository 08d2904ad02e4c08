import random

import pytest

pytest_plugins = ["pytester"]


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config):
    """Whoever orders the tests leaves the global random state alone."""
    before = random.getstate()
    yield
    config.random_state_was_left_alone = random.getstate() == before


@pytest.fixture(scope="session")
def depot():
    return {"parcels": 3}
