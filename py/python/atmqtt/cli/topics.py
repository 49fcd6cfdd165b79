"""Which topics a filter means."""

from __future__ import annotations

__all__ = ["matches"]


def matches(pattern: bytes, topic: bytes) -> bool:
    """Whether a topic filter, ``+`` and ``#`` included, means a topic name."""
    # Wildcards do not reach the topics of the broker itself.
    if topic.startswith(b"$") and pattern[:1] in (b"+", b"#"):
        return False
    levels = topic.split(b"/")
    for number, level in enumerate(pattern.split(b"/")):
        if level == b"#":
            return True
        if number >= len(levels) or level not in (b"+", levels[number]):
            return False
    return number + 1 == len(levels)
