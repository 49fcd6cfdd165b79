"""Prints the binary interface of the C library: symbols, sizes, offsets, values.

    abi.py LIBRARY HEADER_FOLDER

The symbols come from the library, everything else from a C program compiled with the header, so that it is what
a compiler makes of it. ffi-c/abi.txt is this for x86-64 and AArch64 Linux (LP64).
"""

import json
import subprocess
import sys
import tempfile


def nodes(node, kind):
    for child in node.get("inner", []):
        if child.get("kind") == kind:
            yield child


def main():
    library, include = sys.argv[1:]
    header = f"{include}/atmqtt.h"
    symbols = subprocess.check_output(["nm", "-D", "--defined-only", library], text=True)
    symbols = sorted(line.split()[2].split("@")[0] for line in symbols.splitlines())

    tree = json.loads(
        subprocess.check_output(["clang", "-std=c11", "-fsyntax-only", "-Xclang", "-ast-dump=json", header])
    )
    lines = []
    for record in nodes(tree, "RecordDecl"):
        fields = [field["name"] for field in nodes(record, "FieldDecl")]
        if record.get("name", "").startswith("atmqtt_") and fields:
            name = f'struct {record["name"]}'
            lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
            for field in fields:
                lines.append(
                    f'printf("{name}.{field} %zu %zu\\n", offsetof({name}, {field}), '
                    f"sizeof((({name} *)0)->{field}));"
                )
    for enum in nodes(tree, "EnumDecl"):
        if enum.get("name", "").startswith("atmqtt_"):
            lines.append(f'printf("type {enum["name"]} %zu\\n", sizeof({enum["name"]}));')
            for value in nodes(enum, "EnumConstantDecl"):
                lines.append(f'printf("value {value["name"]} %d\\n", (int){value["name"]});')
    functions = {}
    for function in nodes(tree, "FunctionDecl"):
        if function["name"].startswith("atmqtt_"):
            functions[function["name"]] = function["type"]["qualType"]
    with open(header, encoding="utf-8") as text:
        macros = [line.split()[1] for line in text if line.startswith("#define ATMQTT_") and len(line.split()) == 3]
    for macro in macros:
        if "VERSION" not in macro:
            lines.append(f'printf("value {macro} %d\\n", (int){macro});')

    with tempfile.TemporaryDirectory() as folder:
        source = f"{folder}/abi.c"
        with open(source, "w", encoding="utf-8") as file:
            file.write("#include <stdio.h>\n#include <atmqtt.h>\nint main(void)\n{\n" + "\n".join(lines) + "\n}\n")
        subprocess.check_call(["cc", "-std=c11", f"-I{include}", source, "-o", f"{folder}/abi"])
        print(subprocess.check_output([f"{folder}/abi"], text=True), end="")
    for name in symbols:
        print(f"function {name} {functions.pop(name, 'NOT IN THE HEADER')}")
    for name in functions:
        print(f"function {name} NOT IN THE LIBRARY")


main()
