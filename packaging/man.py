#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes man pages out of what programs say of themselves. Usage: man.py FOLDER PROGRAM...

A page for each program and each of its commands, NAME.1 and NAME-COMMAND.1, from --help; and of a program that has
`serve --print-config` NAME.toml.5. Everything in a page stands in the help: there is nothing to keep in step."""
import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r"^  (\S.*?)(?:\s{2,}(.*))?$")


def said(*words):
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


def escaped(text):
    """As roff has it: no line is taken for a request, and no minus for a hyphen."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return "\n".join("\\&" + line if line.startswith((".", "\\(aq")) else line for line in text.splitlines())


class Help:
    """The parts of a help text."""

    def __init__(self, text):
        lines = text.splitlines()
        self.description = lines[0]
        self.usage = next((line.removeprefix("Usage: ") for line in lines if line.startswith("Usage: ")), "")
        self.options, self.commands, self.positionals, self.rest = [], [], [], []
        tables = {"Options:": self.options, "Subcommands:": self.commands, "Positionals:": self.positionals}
        table = None
        for line in lines[1:]:
            if line.startswith("Usage: "):
                continue
            if line in tables:
                table = tables[line]
            elif table is not None and line.startswith("      ") and table:
                table[-1] = (table[-1][0], (table[-1][1] + " " + line.strip()).strip())
            elif table is not None and OPTION.match(line):
                name, meaning = OPTION.match(line).groups()
                table.append((name, meaning or ""))
            elif line.strip() or self.rest:
                table = None
                self.rest.append(line)


def listed(title, rows):
    if not rows:
        return ""
    return f".SH {title}\n" + "".join(f".TP\n.B {escaped(name)}\n{escaped(meaning) or chr(92) + '&'}\n"
                                      for name, meaning in rows)


def page(name, version, text, others):
    help_ = Help(text)
    parts = [f'.TH {name.upper()} 1 "" "BeachDB {version}" "BeachDB"\n',
             f".SH NAME\n{escaped(name)} \\- {escaped(help_.description)}\n",
             f".SH SYNOPSIS\n.B {escaped(help_.usage)}\n",
             listed("ARGUMENTS", help_.positionals), listed("OPTIONS", help_.options),
             listed("COMMANDS", help_.commands)]
    if help_.rest:
        parts.append(".SH NOTES\n.nf\n" + escaped("\n".join(help_.rest).rstrip()) + "\n.fi\n")
    if others:
        parts.append(".SH SEE ALSO\n" + ",\n".join(f".BR {escaped(other)} ({section})" for other, section in others) + "\n")
    return "".join(parts)


def settings_page(name, version, sample):
    """A sample file: paragraphs of comment, each with the setting below it."""
    head, *rest = sample.strip().split("\n\n")
    rows = []
    for paragraph in rest:
        lines = paragraph.splitlines()
        rows.append((lines[-1], " ".join(line.removeprefix("# ") for line in lines[:-1])))
    told = " ".join(line.removeprefix("# ") for line in head.splitlines())
    return (f'.TH {name.upper()} 5 "" "BeachDB {version}" "BeachDB"\n.SH NAME\n{escaped(name)} \\- what a node can be '
            f"told\n.SH DESCRIPTION\n{escaped(told)}\n{listed('SETTINGS', rows)}"
            ".SH SEE ALSO\n.BR beachdb\\-serve (1)\n")


def main(folder, *programs):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for program in map(pathlib.Path, programs):
        name = program.name
        version = said(program, "--version").split()[-1]
        whole = said(program, "--help")
        commands = [command for command, _ in Help(whole).commands]
        pages = {f"{name}.1": page(name, version, whole, [(f"{name}-{command}", 1) for command in commands])}
        for command in commands:
            pages[f"{name}-{command}.1"] = page(f"{name}-{command}", version, said(program, command, "--help"), [(name, 1)])
        if "serve" in commands:
            pages[f"{name}.toml.5"] = settings_page(f"{name}.toml", version, said(program, "serve", "--print-config"))
        for file, text in pages.items():
            (folder / file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
