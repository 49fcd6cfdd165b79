"""``atmqtt cert``: certificates and keys in the files of the module."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import Files
from . import exits, options, session
from .exits import Exit, Failure
from .options import Options, Parser
from .output import Output

__all__ = ["add"]

EXAMPLES = """\
examples:
  atmqtt cert push ca.pem --modem /dev/ttyUSB2
  atmqtt cert ls '*.pem' --modem /dev/ttyUSB2
  atmqtt sub --modem /dev/ttyUSB2 -h broker.example --cafile UFS:ca.pem -t a
  atmqtt cert rm ca.pem --modem /dev/ttyUSB2

pub and sub upload a --cafile by themselves; this is to look after it by hand.

"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Adds the commands to the parser."""
    parser = commands.add_parser(
        "cert",
        help="upload, list and remove certificates and keys in the module",
        description="Uploads, lists and removes certificates, keys and other files of the module.",
        epilog=EXAMPLES + exits.TABLE,
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    push = actions.add_parser(
        "push",
        help="upload a file, unless the module has it",
        description="Uploads a file and compares the checksum that the module reports. Where it has "
        "the same file already, nothing is written.",
        epilog=exits.TABLE,
    )
    push.add_argument("file", metavar="FILE", type=Path, help="file of this computer")
    push.add_argument("name", metavar="NAME", nargs="?", help="name in the module [default: same]")
    push.add_argument("--force", action="store_true", help="write it in any case")
    push.add_argument(
        "--ack",
        action="store_true",
        help="the module acknowledges every kilobyte: for a UART without flow control",
    )
    push.set_defaults(run=_push)

    ls = actions.add_parser(
        "ls",
        help="list files and the room that is left",
        description="Lists the files of the module and the room that is left.",
        epilog=exits.TABLE,
    )
    ls.add_argument("pattern", metavar="PATTERN", nargs="?", default="*", help="with * and ?")
    ls.set_defaults(run=_ls)

    rm = actions.add_parser(
        "rm",
        help="remove files",
        description="Removes files of the module.",
        epilog=exits.TABLE,
    )
    rm.add_argument("names", metavar="NAME", nargs="+", help="name in the module")
    rm.set_defaults(run=_rm)

    for action in (push, ls, rm):
        options.add_module(action)
        action.add_argument("--json", action="store_true", help="as one line of JSON")
        action.set_defaults(parser=action)


def _push(options: Options, output: Output) -> int:
    path: Path = options.file
    name: str = options.name or path.name
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Failure(str(error)) from error
    with session.open_modem(options) as modem:
        files = modem.files()
        written = options.force or not _has(files, name, data)
        if written:
            with output.progress(name) as progress:
                files.upload(name, data, progress=progress, ack=options.ack)
    checksum = Files.checksum(data)
    if output.json_wanted:
        output.json({"name": name, "size": len(data), "checksum": f"{checksum:04x}", "written": written})
    else:
        done = "uploaded" if written else "is there already"
        output.line(f"{name}: {done}, {len(data)} bytes, checksum {checksum:04x}")
    return Exit.DONE


def _has(files: Files, name: str, data: bytes) -> bool:
    """Whether the module has this file, byte for byte."""
    return files.size(name) == len(data) and files.download(name) == data


def _ls(options: Options, output: Output) -> int:
    with session.open_modem(options) as modem:
        found = modem.files().list(options.pattern)
        space = modem.files().space()
    if output.json_wanted:
        output.json(
            {
                "files": [{"name": file.name, "size": file.size} for file in found],
                "free": space.free,
                "total": space.total,
            }
        )
        return Exit.DONE
    if found:
        output.table(("name", "#bytes"), [(file.name, str(file.size)) for file in found])
    output.note(f"{len(found)} files; {space.free} of {space.total} bytes are free")
    return Exit.DONE


def _rm(options: Options, output: Output) -> int:
    with session.open_modem(options) as modem:
        for name in options.names:
            modem.files().delete(name)
    if output.json_wanted:
        output.json({"removed": options.names})
    return Exit.DONE
