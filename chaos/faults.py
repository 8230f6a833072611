# SPDX-License-Identifier: Apache-2.0
"""What is done to the servers and their network. A fault is begun; heal() of the cluster ends whatever was begun."""
import dataclasses
import time
import typing

from network import CLIENTS


@dataclasses.dataclass
class Cluster:
    network: typing.Any
    servers: dict  # by number
    random: typing.Any
    leader: typing.Callable  # number, or None

    def draw(self):
        return self.random.choice(list(self.servers))

    def draw_leader(self):
        return self.leader() or self.draw()

    def others(self, node):
        return [other for other in self.servers if other != node]

    def heal(self):
        self.network.heal()
        for server in self.servers.values():
            server.go_on()
            server.empty_disk()
            server.start()


def cut_off_leader(cluster):
    """From the other nodes; clients reach it."""
    node = cluster.draw_leader()
    cluster.network.part([node], cluster.others(node))


def cut_off_node_and_clients(cluster):
    node = cluster.draw()
    cluster.network.part([node], cluster.others(node) + [CLIENTS])


def cut_all_apart(cluster):
    for node in cluster.servers:
        cluster.network.deafen(node, cluster.others(node))


def deafen_leader(cluster):
    """It is heard, and hears nothing of the others."""
    node = cluster.draw_leader()
    cluster.network.deafen(node, cluster.others(node))


def break_one_way(cluster):
    node = cluster.draw()
    cluster.network.deafen(node, [cluster.random.choice(cluster.others(node))])


def break_a_ring(cluster):
    """Two that do not hear each other, and one that both hear."""
    node = cluster.draw()
    one, other = cluster.others(node)[:2]
    cluster.network.part([one], [other])


def lose_packets(cluster):
    for node in cluster.servers:
        cluster.network.lose(node, cluster.random.choice([2, 10, 30]))


def narrow_leader(cluster):
    cluster.network.narrow(cluster.draw_leader(), cluster.random.choice([64, 512, 4096]))


def narrow_all(cluster):
    for node in cluster.servers:
        cluster.network.narrow(node, 2048)


def kill_leader(cluster):
    cluster.servers[cluster.draw_leader()].kill()


def kill_one_and_start_it(cluster):
    server = cluster.servers[cluster.draw()]
    server.kill()
    time.sleep(cluster.random.uniform(0, 1))
    server.start()


def kill_two(cluster):
    for node in cluster.others(cluster.draw()):
        cluster.servers[node].kill()


def kill_all(cluster):
    for server in cluster.servers.values():
        server.kill()
    for server in cluster.servers.values():
        server.start()


def kill_again_and_again(cluster):
    server = cluster.servers[cluster.draw()]
    for _ in range(5):
        server.kill()
        server.start()
        time.sleep(cluster.random.uniform(0, 0.3))


def stop_leader(cluster):
    """It sleeps, and knows nothing of it."""
    cluster.servers[cluster.draw_leader()].stop()


def stop_two(cluster):
    for node in cluster.others(cluster.draw()):
        cluster.servers[node].stop()


def stop_and_go(cluster):
    server = cluster.servers[cluster.draw_leader()]
    for _ in range(6):
        server.stop()
        time.sleep(cluster.random.uniform(0.1, 0.6))
        server.go_on()
        time.sleep(cluster.random.uniform(0, 0.2))


def fill_disk_of_leader(cluster):
    cluster.servers[cluster.draw_leader()].fill_disk()


def fill_two_disks(cluster):
    for node in cluster.others(cluster.draw()):
        cluster.servers[node].fill_disk()


def fill_disk_and_kill(cluster):
    server = cluster.servers[cluster.draw()]
    server.fill_disk()
    time.sleep(1)
    server.kill()
    server.start()


def restart_one_by_one(cluster):
    """As an operator does for a new version."""
    for server in cluster.servers.values():
        server.leave()
        server.start()
        time.sleep(1)


FAULTS = [cut_off_leader, cut_off_node_and_clients, cut_all_apart, deafen_leader, break_one_way, break_a_ring,
          lose_packets, narrow_leader, narrow_all, kill_leader, kill_one_and_start_it, kill_two, kill_all,
          kill_again_and_again, stop_leader, stop_two, stop_and_go, fill_disk_of_leader, fill_two_disks,
          fill_disk_and_kill, restart_one_by_one]
