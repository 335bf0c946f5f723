import pytest

from gnomon.core.events import silent
from gnomon.core.run import RunFolder
from gnomon.core.signals import StopFlag
from gnomon.sitting import parts, starting


@pytest.fixture
def sitting(copied):
    """A sitting at a copy of the finished run on digits."""
    with StopFlag() as stop:
        return starting.reopened(RunFolder(copied), stop, silent, accept_changed_data=False)


@pytest.fixture
def made(sitting):
    """Its parts, in single precision."""
    return parts.parts_for(sitting, precision="fp32", channels_last=False)
