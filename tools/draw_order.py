# SPDX-License-Identifier: Apache-2.0
"""One draw in a full expression: where C++ leaves the order of two open, compilers differ, and with
them what a seed gives. Random draws, choices, faults and clock reads are looked for in the text.

Two in one statement are in order if one is (part of) an argument of the other's call, or if `&&`,
`||`, `?`, `:` or, in a braced list, a comma stands between them. Everything else is a finding.
"""

import re

DRAW = re.compile(
    r"(?:\.|->)(?:Below|Between|Chance|Next|Choose|ChooseFor|Fault|Draw|DrawLatency|Even|Log|Flag|"
    r"MonotonicNow|WallNow)\s*\(|\bBEACH_BUGGIFY\s*\(|\bDraw[A-Z]\w*\s*\(")
SEQUENCING = ("&&", "||", "?", ":")
CONDITION = re.compile(r"\b(?:if|while|for|switch)\s*(?:constexpr\s*)?$")
OPENING, CLOSING = "([{", ")]}"


class Draw:
    """A call that draws. `path` leads from the statement to it: for each bracket around it, which
    bracket, and in which of its sequenced parts and of its arguments."""

    def __init__(self, at, path):
        self.at = at
        self.path = path
        self.end = None  # of its own arguments


def ordered(first, second):
    if first.at <= second.at < first.end:
        return True  # part of an argument of the first
    for one, other in zip(first.path, second.path):
        if one == other:
            continue
        (bracket, part, argument), (other_bracket, other_part, other_argument) = one, other
        if bracket != other_bracket:
            return False  # two operands, each with brackets around its draw
        return part != other_part and argument == other_argument
    return False


def unordered_draws(code):
    """Offsets of draws whose order with an earlier one of the same full expression is open. `code`
    has neither comments nor texts in it."""
    starts = {match.start(): match.end() - 1 for match in DRAW.finditer(code)}
    calls = {end: start for start, end in starts.items()}
    found = []
    draws = []
    brackets = []  # [where, kind, part, argument, draw that it belongs to, is a condition]
    top = [-1, 0, 0]

    def path():
        return [tuple(top)] + [(b[0], b[2], b[3]) for b in brackets]

    def new_statement():
        for i, second in enumerate(draws):
            if any(not ordered(first, second) for first in draws[:i] if first.end is not None):
                found.append(second.at)
        draws.clear()

    at = 0
    while at < len(code):
        character = code[at]
        if character in OPENING:
            if character == "{" and not any(b[1] in "([" for b in brackets):
                # A block, or a braced list of a declaration: its elements are in order.
                new_statement()
            draw = None
            if at in calls:
                draw = Draw(calls[at], path())
                draws.append(draw)
            is_condition = character == "(" and bool(CONDITION.search(code, max(0, at - 24), at))
            brackets.append([at, character, 0, 0, draw, is_condition])
        elif character in CLOSING:
            if brackets:
                bracket = brackets.pop()
                if bracket[4] is not None:
                    bracket[4].end = at
                if bracket[5] or (character == "}" and not any(b[1] in "([" for b in brackets)):
                    new_statement()
        elif character == ";":
            # Also those of a for, and of the blocks of lambdas.
            new_statement()
        else:
            state = brackets[-1] if brackets else None
            if any(code.startswith(token, at) for token in SEQUENCING):
                if not code.startswith("::", at) and code[at - 1] != ":":
                    if state is None:
                        top[1] += 1
                    else:
                        state[2] += 1
            elif character == ",":
                if state is None:
                    pass
                elif state[1] == "{":
                    state[2] += 1
                else:
                    state[3] += 1
        at += 1
    new_statement()
    return found
