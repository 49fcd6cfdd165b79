"""Checks that no dependency needs a newer Rust than the one given, as 1.85."""

import json
import subprocess
import sys


def version(text):
    return tuple(int(part) for part in text.split(".")[:2])


def main():
    promised = sys.argv[1]
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform"]
    host = subprocess.check_output(["rustc", "-vV"], text=True)
    command.append(next(line[6:] for line in host.splitlines() if line.startswith("host: ")))
    packages = json.loads(subprocess.check_output(command))["packages"]
    known = {p["id"]: p for p in packages if p["rust_version"]}
    newer = [p for p in known.values() if version(p["rust_version"]) > version(promised)]
    for package in newer:
        print(f'{package["name"]} {package["version"]} needs Rust {package["rust_version"]}')
    print(
        f"{len(packages)} packages, {len(packages) - len(known)} do not say which Rust they need, "
        f"{len(newer)} need a newer one than {promised}"
    )
    sys.exit(bool(newer))


main()
