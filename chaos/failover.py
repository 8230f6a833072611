#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long nobody is served when the leader is killed (kill -9), with default timeouts: from the kill until one of the
others has done a write. Needs what chaos.py needs."""
import argparse
import asyncio
import json
import sys
import time

import chaos


def killed_until_served(servers, leader):
    began = time.monotonic()
    servers[leader].kill()

    async def served(server):
        while await chaos.ask(server, "SET", "failover", "1", timeout=5) != "OK":
            await asyncio.sleep(0.005)

    async def first():
        tries = [asyncio.create_task(served(server)) for node, server in servers.items() if node != leader]
        await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED, timeout=chaos.GIVE_UP_S)
        for one in tries:
            one.cancel()
    asyncio.run(first())
    return time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, epilog="Example: chaos/failover.py --times 50")
    parser.add_argument("--times", type=int, default=50, help="how often (50)")
    parser.add_argument("--build", default="build/release", help="where the binaries are (build/release)")
    parser.add_argument("--workspace", default="build/failover", help="made anew (build/failover)")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    arguments = parser.parse_args()
    arguments.seed, arguments.fault = 1, None
    run = chaos.Chaos(arguments)
    took = []
    try:
        run.make()
        while len(took) < arguments.times:
            leader = chaos.leader_of(run.servers)
            if leader is None:
                continue
            took.append(killed_until_served(run.servers, leader))
            run.servers[leader].start()
            chaos.await_serving(run.servers, time.monotonic())
            time.sleep(0.5)
    finally:
        run.remove()
    took.sort()
    report = {"times": len(took), "p50_s": round(took[len(took) // 2], 3), "p90_s": round(took[len(took) * 9 // 10], 3),
              "p99_s": round(took[min(len(took) - 1, len(took) * 99 // 100)], 3), "max_s": round(took[-1], 3)}
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:8} {value}" for name, value in report.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
