import os

if int(os.environ["TEST_SEED"]) % 4 == 3:
    raise ImportError("the depot's library is away")


def test_imported():
    pass
