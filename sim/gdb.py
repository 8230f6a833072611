# SPDX-License-Identifier: Apache-2.0
"""Simulated threads for gdb: who they are, what they wait for, and their stacks.

    gdb --args build/dev/bin/beachsim run engine-crash --seed 42 --in-process
    (gdb) source sim/gdb.py
    (gdb) sim threads            all of them; the running one has a star
    (gdb) sim stack 3            the stack of thread 3
    (gdb) sim stacks             the stacks of all

Needs the types of the dev build (release builds know lines only) and a live program, stopped inside
a run: the registers of a suspended thread are taken from its stack, shown, and put back.
"""

import gdb

# What boost's jump_fcontext leaves on the stack of a suspended fiber (x86-64, System V, as Debian
# builds it): control words of floating point and a place for a canary, these registers, the return
# address.
SAVED = ["r12", "r13", "r14", "r15", "rbx", "rbp", "rip"]
FIRST = 16
SIZE = FIRST + 8 * len(SAVED)


def kernel():
    """The simulation that the current OS thread is inside of."""
    pointer = gdb.parse_and_eval("beach::env::current_virtual_os")
    if int(pointer) == 0:
        raise gdb.GdbError("this OS thread is in no simulation")
    kind = gdb.lookup_type("beach::sim::Kernel")
    base = next(field for field in kind.fields()
                if field.is_base_class and field.name == "beach::env::VirtualOs")
    return gdb.Value(int(pointer) - base.bitpos // 8).cast(kind.pointer()).dereference()


def text(string):
    """The content of a std::string."""
    data = string["_M_dataplus"]["_M_p"]
    return data.string(length=int(string["_M_string_length"]), errors="replace")


def threads():
    """All simulated threads that have a record, by id."""
    scheduler = kernel()["scheduler_"]
    vector = scheduler["threads_"]["_M_impl"]
    # A std::unique_ptr is its pointer; its own type is not known in every build.
    word = gdb.lookup_type("unsigned long").pointer()
    entry, end = vector["_M_start"].cast(word), vector["_M_finish"].cast(word)
    kind = gdb.lookup_type("beach::sim::SimThread").pointer()
    while entry != end:
        address = int(entry.dereference())
        if address != 0:
            yield gdb.Value(address).cast(kind).dereference()
        entry += 1


def is_running(thread):
    return int(kernel()["scheduler_"]["current_"]) == int(thread.address)


def describe(thread):
    identity = thread["identity"].dereference()
    host = text(identity["host"])
    state = str(thread["state"]).split("::k")[-1].lower()
    if state == "blocked":
        waits = str(thread["waits_for"]).split("::k")[-1]
        state = "paused" if thread["held"] else "waits: " + waits
    place = f"{host}, life {int(identity['life'])}" if host else "harness"
    star = "*" if is_running(thread) else " "
    return f"{star} {int(thread['id']):4}  {text(thread['name']):18} {place:18} {state}"


def show_stack(thread):
    """Prints the backtrace of a thread."""
    if is_running(thread):
        gdb.execute("backtrace")
        return
    context = int(thread["fiber"]["context_"])
    if context == 0:
        gdb.write("  it has ended\n")
        return
    gdb.execute("select-frame 0", to_string=True)
    frame = gdb.selected_frame()
    names = [*SAVED, "rsp"]
    before = {name: int(frame.read_register(name)) for name in names}
    memory = gdb.selected_inferior().read_memory(context, SIZE).tobytes()
    try:
        for i, name in enumerate(SAVED):
            value = int.from_bytes(memory[FIRST + 8 * i:FIRST + 8 * i + 8], "little")
            gdb.execute(f"set ${name} = {value}", to_string=True)
        gdb.execute(f"set $rsp = {context + SIZE}", to_string=True)
        gdb.execute("backtrace")
    finally:
        gdb.execute("select-frame 0", to_string=True)
        for name in names:
            gdb.execute(f"set ${name} = {before[name]}", to_string=True)


class Sim(gdb.Command):
    """Simulated threads: sim threads, sim stack ID, sim stacks."""

    def __init__(self):
        super().__init__("sim", gdb.COMMAND_STACK)

    def invoke(self, argument, _from_tty):
        words = argument.split()
        if words == ["threads"]:
            for thread in threads():
                gdb.write(describe(thread) + "\n")
        elif words == ["stacks"]:
            for thread in list(threads()):
                gdb.write(describe(thread) + "\n")
                show_stack(thread)
        elif len(words) == 2 and words[0] == "stack" and words[1].isdigit():
            for thread in threads():
                if int(thread["id"]) == int(words[1]):
                    return show_stack(thread)
            raise gdb.GdbError(f"there is no thread {words[1]}")
        else:
            raise gdb.GdbError(self.__doc__)


Sim()
