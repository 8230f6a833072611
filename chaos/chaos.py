#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three servers on a network of their own, real processes, real sockets, real clocks: faults one after the other while
clients write down what they saw. Wanted: what they saw is linearizable, nothing acknowledged is lost, and after each
healing every node serves within ten seconds. Needs root, nftables and iproute2."""
import argparse
import asyncio
import collections
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import faults  # noqa: E402
from network import Network  # noqa: E402
from resp import Connection, ErrorReply, Lost  # noqa: E402
from servers import Server  # noqa: E402

HERE = pathlib.Path(__file__).parent
NODES = 3
SERVING_WITHIN_S = 10
GIVE_UP_S = 60
REDIS_CLIENTS = NATIVE_CLIENTS = 8
READER = 1000  # number of the client that reads all keys in the end


class Broken(Exception):
    """What was promised does not hold."""


async def ask(server, *words, timeout=1.0):
    """The reply, or None: nobody answered, or not that."""
    connection = Connection(*server.resp, timeout)
    try:
        await connection.open()
        return await connection.ask(*words)
    except (OSError, asyncio.TimeoutError, Lost, ErrorReply):
        return None
    finally:
        connection.close()


def leader_of(servers):
    """As the nodes say themselves; None: nobody says so."""
    async def role(server):
        info = await ask(server, "INFO", "replication", timeout=0.3)
        return "raft_role:leader" in (info or "")

    async def all_roles():
        return await asyncio.gather(*(role(server) for server in servers.values()))
    leaders = [node for node, leads in zip(servers, asyncio.run(all_roles())) if leads]
    return leaders[-1] if leaders else None


def await_serving(servers, since):
    """Seconds from then until each node has done a write and a read."""
    async def serves(server):
        while time.monotonic() < since + GIVE_UP_S:
            if (await ask(server, "SET", f"probe{server.node}", "1") == "OK" and
                    await ask(server, "GET", f"probe{server.node}") == "1"):
                return time.monotonic() - since
            await asyncio.sleep(0.02)
        raise Broken(f"node {server.node} does not serve {GIVE_UP_S} s after the healing")

    async def all_serve():
        return await asyncio.gather(*(serves(server) for server in servers.values()))
    return max(asyncio.run(all_serve()))


class Chaos:
    def __init__(self, arguments):
        self.arguments = arguments
        self.random = random.Random(arguments.seed)
        self.workspace = pathlib.Path(arguments.workspace)
        self.binaries = pathlib.Path(arguments.build)
        self.network = Network(NODES)
        self.servers = {}
        self.loads = []
        self.counts = collections.Counter()
        self.serving_s = []

    def make(self):
        shutil.rmtree(self.workspace, ignore_errors=True)
        self.workspace.mkdir(parents=True)
        self.network.make()
        for node in self.network.nodes:
            server = Server(str(self.binaries / "bin/beachdb"), self.network, node, self.workspace)
            self.servers[node] = server
            server.make()
            server.start()
        await_serving(self.servers, time.monotonic())

    def start_loads(self):
        resp = [f"{host}:{port}" for host, port in (server.resp for server in self.servers.values())]
        native = [server.native for server in self.servers.values()]
        seed = str(self.arguments.seed)
        self.histories = [self.workspace / "redis.jsonl", self.workspace / "native.jsonl"]
        for command in (
                [sys.executable, str(HERE / "redis_load.py"), str(self.histories[0]), seed, str(REDIS_CLIENTS), *resp],
                [str(self.binaries / "test/chaos_native_load"), str(self.histories[1]), seed,
                 str(REDIS_CLIENTS + 1), str(NATIVE_CLIENTS), *native]):
            self.loads.append(subprocess.Popen(command))

    def check_loads(self):
        for load in self.loads:
            if load.poll() is not None:
                raise Broken(f"{load.args[:2]} has ended with {load.returncode}")

    def say(self, text):
        if not self.arguments.json:
            print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def round(self, cluster):
        drawn = self.random.sample(faults.FAULTS, self.random.choice([1, 1, 2]))
        if self.arguments.fault:
            drawn = [fault for fault in faults.FAULTS if fault.__name__ == self.arguments.fault]
        for fault in drawn:
            fault(cluster)
            self.counts[fault.__name__] += 1
        time.sleep(self.random.uniform(0.5, 5))
        cluster.heal()
        took = await_serving(self.servers, time.monotonic())
        self.serving_s.append(took)
        self.say(f"{' and '.join(fault.__name__ for fault in drawn)}: serving after {took:.2f} s")
        self.check_loads()
        if took > SERVING_WITHIN_S:
            raise Broken(f"all serve {took:.1f} s after the healing, not within {SERVING_WITHIN_S}")
        time.sleep(self.random.uniform(0, 1))

    def end_loads(self):
        for load in self.loads:
            load.send_signal(signal.SIGTERM)
        for load in self.loads:
            if load.wait(30) != 0:
                raise Broken(f"{load.args[:2]} has ended with {load.returncode}")

    def read_all(self, out):
        """Each key, by any node: what was acknowledged is there."""
        keys = sorted({json.loads(line)["key"] for path in self.histories for line in path.open()})

        async def read():
            connections = [Connection(*server.resp, 5) for server in self.servers.values()]
            for connection in connections:
                await connection.open()
            for key in keys:
                call = time.monotonic_ns()
                value = await self.random.choice(connections).ask("GET", key)
                out.write(json.dumps({"client": READER, "op": "get", "key": key, "result": value, "call": call,
                                      "return": time.monotonic_ns()}) + "\n")
        asyncio.run(read())
        return len(keys)

    def judge(self):
        whole = self.workspace / "history.jsonl"
        with whole.open("w") as out:
            for path in self.histories:
                with path.open() as part:
                    shutil.copyfileobj(part, out)
            self.keys = self.read_all(out)
        with whole.open() as lines:
            for line in lines:
                operation = json.loads(line)
                self.counts["operations"] += 1
                self.counts["unknown"] += operation["return"] is None
        judged = subprocess.run([str(self.binaries / "bin/beachsim"), "check-history", str(whole)],
                                capture_output=True, text=True)
        if judged.returncode != 0:
            raise Broken(f"{whole}:\n{judged.stdout}{judged.stderr}")

    def run(self):
        self.began = time.monotonic()
        self.make()
        self.start_loads()
        cluster = faults.Cluster(self.network, self.servers, self.random, lambda: leader_of(self.servers))
        end = time.monotonic() + self.arguments.time
        while time.monotonic() < end:
            self.round(cluster)
        self.end_loads()
        self.say("reading all keys, and judging")
        self.judge()

    def remove(self):
        for load in self.loads:
            if load.poll() is None:
                load.kill()
        for server in self.servers.values():
            server.remove()
        self.network.remove()

    def report(self, broken):
        serving = sorted(self.serving_s) or [0]
        operations = self.counts.pop("operations", 0)
        unknown = self.counts.pop("unknown", 0)
        return {"seed": self.arguments.seed, "verdict": "broken" if broken else "held", "why": broken,
                "operations": operations, "without_answer": unknown, "keys": getattr(self, "keys", 0),
                "healings": len(self.serving_s), "serving_after_s_p50": round(serving[len(serving) // 2], 3),
                "serving_after_s_max": round(serving[-1], 3), "faults": dict(sorted(self.counts.items())),
                "seconds": round(time.monotonic() - self.began, 1), "workspace": str(self.workspace)}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, epilog="Example: chaos/chaos.py --time 60 --seed 7")
    parser.add_argument("--time", type=float, default=600, help="seconds of faults (600)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6),
                        help="of what is drawn; times are the machine's own (default: any)")
    parser.add_argument("--fault", choices=[fault.__name__ for fault in faults.FAULTS], help="this one alone")
    parser.add_argument("--build", default="build/release", help="where the binaries are (build/release)")
    parser.add_argument("--workspace", default="build/chaos", help="disks, logs, histories: made anew (build/chaos)")
    parser.add_argument("--json", action="store_true", help="the report as one JSON document")
    return parser.parse_args()


def main():
    arguments = parse()
    if os.geteuid() != 0 or any(shutil.which(tool) is None for tool in ("ip", "nft", "tc")):
        print("chaos: needs root, and the packages nftables and iproute2", file=sys.stderr)
        return 3
    chaos = Chaos(arguments)
    broken = None
    try:
        chaos.run()
    except Broken as what:
        broken = str(what)
    finally:
        chaos.remove()
    report = chaos.report(broken)
    if arguments.json:
        print(json.dumps(report))
    else:
        for name, value in report.items():
            print(f"{name:20} {value}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
