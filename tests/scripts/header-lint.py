"""Checks that everything in include/atmqtt.h has a comment, and every pointer a row in the table of NULLs.

Parsed by clang, which attaches comments to what they are about.
"""

import json
import re
import subprocess
import sys

HEADER = "include/atmqtt.h"
TABLE = "tests/c/misuse_null.c"
KINDS = {
    "FunctionDecl": "function",
    "RecordDecl": "struct",
    "FieldDecl": "field",
    "EnumDecl": "enum",
    "EnumConstantDecl": "enumerator",
    "TypedefDecl": "typedef",
}


def declarations(node, inside=""):
    """Every named declaration of the header, with the names it is in."""
    for child in node.get("inner", []):
        if child.get("kind") in KINDS and child.get("name"):
            yield child, f'{inside}{child["name"]}'
            yield from declarations(child, f'{child["name"]}.')


def main():
    command = ["clang", "-std=c11", "-fsyntax-only", "-Xclang", "-ast-dump=json", "-fparse-all-comments", HEADER]
    tree = json.loads(subprocess.check_output(command))
    found, problems, counts = [], [], {}
    documented = set()
    for node, name in declarations(tree):
        if not node["name"].startswith(("atmqtt_", "ATMQTT_")) and "." not in name:
            continue
        if "." in name and not name.startswith("atmqtt_"):
            continue
        has_comment = any(child.get("kind") == "FullComment" for child in node.get("inner", []))
        found.append((node, name, has_comment))
        if has_comment:
            documented.add(name)
    for node, name, _ in found:
        kind = KINDS[node["kind"]]
        counts[kind] = counts.get(kind, 0) + 1
        # `typedef struct x {} x` and the typedef of an enum say with the first what the second is.
        if name not in documented:
            problems.append(f"{kind} {name} has no comment")

    text = open(HEADER, encoding="utf-8").read()
    macros = re.findall(r"((?:\*/|//.*)?)\n#define (ATMQTT_\w+)[ (]", text)
    for comment, name in macros:
        counts["macro"] = counts.get("macro", 0) + 1
        if not comment:
            problems.append(f"macro {name} has no comment")

    table = open(TABLE, encoding="utf-8").read()
    rows = set(re.findall(r"\b(?:REFUSED|FINE|NOTHING)\((atmqtt_\w+), (\w+)", table))
    rows |= set(re.findall(r"\bGIVES\([^,]*, (atmqtt_\w+), (\w+)", table))
    pointers = 0
    for node, name, _ in found:
        if node["kind"] != "FunctionDecl":
            continue
        for parameter in node.get("inner", []):
            if parameter["kind"] != "ParmVarDecl" or "*" not in parameter["type"]["qualType"]:
                continue
            pointers += 1
            if (name, parameter["name"]) not in rows and parameter["name"] not in HARMLESS.get(name, HARMLESS["*"]):
                problems.append(f'{name}: {TABLE} does not try {parameter["name"]} = NULL')

    for problem in problems:
        print(problem)
    listed = ", ".join(f"{number} {kind}s" for kind, number in sorted(counts.items()))
    print(f"{HEADER}: {listed}; {pointers} pointers of functions; {len(problems)} problems")
    sys.exit(bool(problems))


# Pointers that nothing is done with, or that are NULL in every other row.
HARMLESS = {"*": {"user_data", "password"}}

main()
