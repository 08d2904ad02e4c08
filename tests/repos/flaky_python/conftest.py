import os
import random

import pytest


@pytest.fixture
def rng():
    return random.Random(int(os.environ.get("TEST_SEED", "0")))
