# SPDX-License-Identifier: Apache-2.0
"""Which keys clients use: few at a time, so that they meet; new ones every few seconds, so that a history of
minutes falls into parts. native_load.cc does the same."""
import time

AGE_S = 5
AT_A_TIME = 8


def draw(random):
    age = int(time.monotonic()) // AGE_S
    if random.random() < 0.1:
        age -= 1
    return f"{age}-{random.randrange(AT_A_TIME)}"
