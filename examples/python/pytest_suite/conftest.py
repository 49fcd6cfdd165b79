"""What every test of the monitor begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from freezer import FreezerMonitor

if TYPE_CHECKING:
    from atmqtt import Modem
    from pytest_atmqtt.settings import Broker


@pytest.fixture
def freezer(
    atmqtt_modem: Modem, atmqtt_broker: Broker, atmqtt_topic: str, atmqtt_client_id: str
) -> FreezerMonitor:
    """A monitor that has not begun yet, on topics of its own."""
    return FreezerMonitor(
        atmqtt_modem, atmqtt_topic, atmqtt_broker.host, atmqtt_broker.port, client_id=atmqtt_client_id
    )
