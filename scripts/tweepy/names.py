"""Every public name of tweepy's streaming modules, held against the page that says what it is here.

    names.py PAGE FOLDER...

Each FOLDER holds a package `tweepy`. It is read, not imported: an old one need not run on this Python. A name is written `Class`,
`Class(parameter)`, `Class.attribute`, `Class.method` or `Class.method(parameter)`, and belongs to the class that defines it.
The page has it in code in the first cell of a row, in a table whose first head is `tweepy`.
"""

import ast
import pathlib
import re
import sys

MODULES = ["streaming.py", "asynchronous/streaming.py"]


def public(name):
    return not name.startswith("_")


def documented(node, section):
    """Names that a section of a docstring in numpy's style lists."""
    lines = (ast.get_docstring(node) or "").splitlines()
    heads = [at for at, line in enumerate(lines) if line == section and lines[at + 1 : at + 2] == ["-" * len(section)]]
    for at in heads:
        for line in lines[at + 2 :]:
            if re.fullmatch(r"\w+", line):
                return
            if found := re.match(r"(\w+) : ", line):
                yield found[1]


def parameters(function):
    arguments = function.args
    named = arguments.posonlyargs + arguments.args + arguments.kwonlyargs
    yield from (argument.arg for argument in named if argument.arg != "self")
    yield from documented(function, "Parameters")


def attributes(function):
    """What a constructor puts into `self`."""
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else []
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                yield target.attr


def of_class(node):
    yield node.name
    constructor = {f"{node.name}({name})" for name in documented(node, "Parameters")}
    fields = set(documented(node, "Attributes"))
    for item in node.body:
        if isinstance(item, ast.AnnAssign):
            fields.add(item.target.id)
        if not isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if item.name == "__init__":
            constructor |= {f"{node.name}({name})" for name in parameters(item)}
            fields |= set(attributes(item))
        elif public(item.name):
            yield f"{node.name}.{item.name}"
            yield from (f"{node.name}.{item.name}({name})" for name in parameters(item))
    taken = {name.partition("(")[2].rstrip(")") for name in constructor}
    yield from constructor
    # An attribute that only keeps a parameter is that parameter.
    yield from (f"{node.name}.{name}" for name in fields - taken if public(name))


def of_namedtuple(node):
    """`Name = namedtuple("Name", ("field", …))`."""
    call = node.value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "namedtuple":
        yield call.args[0].value
        yield from (f"{call.args[0].value}.{field.value}" for field in call.args[1].elts)


def names(module):
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.ClassDef) and public(node.name):
            yield from of_class(node)
        elif isinstance(node, ast.Assign):
            yield from of_namedtuple(node)


def explained(page):
    inside = False
    for line in page.read_text().splitlines():
        # Other tables are about something else.
        inside = line.startswith("| tweepy |") or (inside and line.startswith("|"))
        if inside:
            yield from re.findall(r"`([^`]+)`", line.split("|")[1])


def main(page, *folders):
    there = {name for folder in folders for module in MODULES for name in names(pathlib.Path(folder, "tweepy", module))}
    rows = list(explained(pathlib.Path(page)))
    faults = [f"no row for {name}" for name in sorted(there - set(rows))]
    faults += [f"a row for {name}, which tweepy has not got" for name in sorted(set(rows) - there)]
    faults += [f"two rows for {name}" for name in sorted({name for name in rows if rows.count(name) > 1})]
    if len(there) < 100:
        faults.append(f"only {len(there)} names were found in tweepy: it is read wrongly")
    if faults:
        sys.exit("\n".join(f"{page}: {fault}" for fault in faults))
    print(f"{page}: a row for each of {len(there)} names")


if __name__ == "__main__":
    main(*sys.argv[1:])
