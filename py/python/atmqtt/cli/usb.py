"""The serial ports of Quectel modules on USB, as the kernel knows them.

pyserial's ``list_ports`` reads the same files; these few lines are not worth a dependency.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["VENDOR", "UsbPort", "quectel_ports"]

VENDOR = "2c7c"
"""Quectel."""


@dataclass(frozen=True)
class UsbPort:
    """A serial port of a USB device."""

    device: str
    """Its path, as ``/dev/ttyUSB2``."""
    product_id: str
    """Four hexadecimal digits, as ``6002``."""
    product: str
    """What the device calls itself."""
    interface: int | None
    """Which of its interfaces."""


def quectel_ports(sys: Path = Path("/sys")) -> list[UsbPort]:
    """The ports of every Quectel module, in the order of their numbers."""
    ports = []
    for tty in (sys / "class" / "tty").glob("tty*"):
        port = _port(tty)
        if port is not None:
            ports.append(port)
    return sorted(ports, key=lambda port: (len(port.device), port.device))


def _port(tty: Path) -> UsbPort | None:
    interface = None
    try:
        place = (tty / "device").resolve(strict=True)
    except OSError:
        # A terminal without a device behind it.
        return None
    # From the port up: the interface that it belongs to, and above that the device.
    for folder in (place, *place.parents):
        number = _read(folder / "bInterfaceNumber")
        if interface is None and number is not None:
            interface = int(number, 16)
        vendor = _read(folder / "idVendor")
        if vendor is None:
            continue
        if vendor.lower() != VENDOR:
            return None
        return UsbPort(
            device=f"/dev/{tty.name}",
            product_id=_read(folder / "idProduct") or "",
            product=_read(folder / "product") or "",
            interface=interface,
        )
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None
