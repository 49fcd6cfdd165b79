"""What is printed: with colours and tables on a terminal, plain anywhere else.

Results go to standard output; what is meant for the person in front of it (progress, advice, errors)
goes to standard error. Text of the module or of the network never reaches a terminal with control
characters in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Output", "printable"]


def printable(text: str) -> str:
    """The text without what could steer a terminal: control characters as escapes."""
    return "".join(_shown(c) if _steers(c) else c for c in text)


def _steers(c: str) -> bool:
    # Besides the control characters: those that reorder what is around them.
    return (
        ord(c) < 0x20
        or 0x7F <= ord(c) < 0xA0
        or c in "\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
        or "\u2066" <= c <= "\u2069"
    ) and c not in "\t"


def _shown(c: str) -> str:
    return c.encode("unicode_escape").decode()


def _console(stream: TextIO) -> Console | None:
    """What draws on this stream; ``None`` where it is no terminal, or rich is not installed."""
    if not stream.isatty() or os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=stream, highlight=False, markup=False, emoji=False)


class Output:
    """Where a command prints."""

    def __init__(self, program: str, *, json: bool = False, quiet: bool = False) -> None:
        self.program = program
        self.json_wanted = json
        self.quiet = quiet
        self.out = _console(sys.stdout)
        self.err = _console(sys.stderr)

    def json(self, value: object) -> None:
        """One line of JSON."""
        self.line(json.dumps(value, ensure_ascii=not _utf8(sys.stdout)))

    def line(self, text: str, style: str | None = None, *, fold: bool = False) -> None:
        """A line on standard output; ``fold`` breaks a long one between words on a terminal."""
        if self.out is not None:
            self.out.print(printable(text), style=style, soft_wrap=not fold)
        else:
            print(printable(text) if sys.stdout.isatty() else text, flush=True)

    def note(self, text: str, style: str | None = "dim") -> None:
        """A line for the person in front of it."""
        if self.quiet:
            return
        if self.err is not None:
            self.err.print(printable(text), style=style)
        else:
            print(printable(text), file=sys.stderr, flush=True)

    def warn(self, text: str) -> None:
        """A warning."""
        self.note(f"{self.program}: {text}", "yellow")

    def error(self, text: str) -> None:
        """Why the command failed."""
        self.note(f"{self.program}: {text}", "red")

    def fields(self, rows: Mapping[str, str]) -> None:
        """Names with values."""
        if self.out is not None:
            self._grid([(name, printable(value)) for name, value in rows.items()])
            return
        width = max(map(len, rows), default=0)
        for name, value in rows.items():
            print(f"{name:<{width}}  {printable(value)}".rstrip())

    def _grid(self, rows: Sequence[Sequence[str]]) -> None:
        from rich.table import Table

        assert self.out is not None
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="cyan", no_wrap=True)
        grid.add_column(overflow="fold")
        for row in rows:
            grid.add_row(*row)
        self.out.print(grid)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Rows under headings; a heading that begins with ``#`` is above numbers."""
        rows = [[printable(cell) for cell in row] for row in rows]
        if self.out is not None:
            from rich import box
            from rich.table import Table

            table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
            for name in columns:
                right = name.startswith("#")
                justify: Any = "right" if right else "left"
                table.add_column(name.lstrip("#"), justify=justify, overflow="fold")
            for row in rows:
                table.add_row(*row)
            self.out.print(table)
            return
        lines = [[name.lstrip("#") for name in columns], *rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
        for line in lines:
            cells = (
                cell.rjust(width) if name.startswith("#") else cell.ljust(width)
                for cell, width, name in zip(line, widths, columns, strict=True)
            )
            print("  ".join(cells).rstrip())

    @contextlib.contextmanager
    def status(self, text: str) -> Iterator[Callable[[str], None]]:
        """Shows what is being waited for; gives a function that says what it is now.

        Not on a terminal, every change is a line on standard error.
        """
        if self.err is not None and not self.quiet:
            with self.err.status(printable(text)) as status:
                yield lambda text: status.update(printable(text))
            return
        last = [text]
        self.note(text)

        def update(text: str) -> None:
            if text != last[0]:
                last[0] = text
                self.note(text)

        yield update

    @contextlib.contextmanager
    def progress(self, text: str) -> Iterator[Callable[[int, int], None]]:
        """Shows how far a transfer is, on a terminal; gives a function of bytes done and in all."""
        if self.err is None or self.quiet:
            yield lambda done, total: None
            return
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            DownloadColumn(),
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=self.err, expand=True) as bar:
            task = bar.add_task(printable(text), total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)


def _utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "") == "utf8"
