import pytest
from ranks import Ranks


@pytest.fixture(scope="session")
def ranks():
    started = Ranks(4)
    yield started
    started.stop()
