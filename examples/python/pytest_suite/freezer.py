"""The firmware of a freezer monitor: reports temperatures and obeys a few commands.

It publishes each reading at ``<name>/temperature``, and ``<name>/alarm`` when it is too warm for three
readings in a row. At ``<name>/set`` it takes a JSON object with a new limit, as ``{"limit": -15.5}``.
What cannot be sent is kept and sent once the broker is back.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field

import atmqtt

WARM_READINGS = 3
KEPT_READINGS = 100
LOWEST, HIGHEST = -60.0, 10.0


@dataclass
class FreezerMonitor:
    """One freezer, on a module that may lose its broker at any time."""

    modem: atmqtt.Modem
    name: str
    host: str
    port: int = 1883
    client_id: str = "freezer"
    limit: float = -18.0
    rejected: int = 0
    """How many commands made no sense."""
    _warm: int = 0
    _unsent: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=KEPT_READINGS))

    def start(self) -> None:
        """Connects and subscribes; raises ``atmqtt.Error`` where that is not possible."""
        client = self.modem.client(0)
        if client.state is not atmqtt.State.CLOSED:
            client.close()
        client.configure(will=atmqtt.Will(f"{self.name}/status", "offline", qos=1))
        client.open(self.host, self.port)
        client.connect(self.client_id)
        client.subscribe(f"{self.name}/set", 1)
        client.publish(f"{self.name}/status", "online", 1)

    def measured(self, celsius: float) -> bool:
        """Takes a reading; whether everything that was to be sent has reached the broker."""
        self._unsent.append((f"{self.name}/temperature", f"{celsius:.1f}"))
        self._warm = self._warm + 1 if celsius > self.limit else 0
        if self._warm == WARM_READINGS:
            self._unsent.append((f"{self.name}/alarm", f"{celsius:.1f}"))
        return self._send()

    def obey(self, timeout: float = 0.0) -> int:
        """Carries out the commands that have come, and waits for the first; how many came."""
        count = 0
        with self.modem.client(0).messages() as messages:
            while (message := messages.get(timeout if count == 0 else 0)) is not None:
                count += 1
                if not self._carry_out(message.payload):
                    self.rejected += 1
        return count

    def _send(self) -> bool:
        try:
            if self.modem.client(0).state is not atmqtt.State.CONNECTED:
                self.start()
            while self._unsent:
                topic, payload = self._unsent[0]
                self.modem.client(0).publish(topic, payload, 1)
                self._unsent.popleft()
        except (ConnectionError, TimeoutError, atmqtt.OperationFailedError):
            # Twice is better than never: what is unconfirmed is sent again.
            return False
        return True

    def _carry_out(self, payload: bytes) -> bool:
        try:
            limit = json.loads(payload)["limit"]
        except (ValueError, LookupError, TypeError, RecursionError):
            return False
        if isinstance(limit, bool) or not isinstance(limit, (int, float)):
            return False
        if not LOWEST <= limit <= HIGHEST:
            return False
        self.limit = float(limit)
        return True
