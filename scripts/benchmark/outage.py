"""Kafka is killed under a stream that goes on, and comes up again: what the backlog costs, and how soon it is gone."""

import subprocess
import sys
import time
from dataclasses import dataclass

from contenders import BIRDFEED
from measure import PATIENCE, Load, cpu_of_start, running

RATE = 6000
# Seconds of the stream before, which say what a message costs live.
LIVE = 5


@dataclass
class Outage:
    seconds: int
    backlog: int  # messages
    live: float  # µs CPU per message
    cost: float  # µs CPU per message of the backlog: received, journaled, waited, delivered
    catching_up: float  # µs CPU per message, of the delivery alone
    live_rate: int  # messages per second
    rate: float  # messages per second, from the first one delivered to the last
    early: float  # MB, a tenth into the outage
    late: float  # MB, at its end
    peak: float  # MB


def run(broker, work, contender, seconds, size):
    load = Load(RATE, RATE * (LIVE + seconds), size)
    with running(broker, work, contender, load) as (group, at, topics):
        whole = topics[0]

        def held():
            return broker.count(whole)

        before = cpu_of_start(group, held)
        group.wait_for(lambda: held() > 0, 20, "first message")
        start = time.monotonic()
        group.wait_for(lambda: held() >= RATE * LIVE, PATIENCE, "live stream")
        delivered, after_live = held(), group.cpu()
        broker.kill()
        # The broker needs seconds to come up: the stream has ended by then, and what is measured is delivery.
        end = start + load.posts / RATE
        group.wait_for(lambda: time.monotonic() > end - seconds * 0.9, PATIENCE + seconds, "a tenth of the outage")
        early = group.resident()
        group.wait_for(lambda: time.monotonic() > end, PATIENCE + seconds, "end of the stream")
        at_up, late = group.cpu(), group.resident()
        broker.up()
        group.wait_for(lambda: held() > delivered, 60, "delivery after the outage")
        first, again = held(), time.monotonic()
        group.wait_for(lambda: held() >= load.posts, PATIENCE + seconds, "end of the backlog")
        took, used = time.monotonic() - again, group.cpu()
        backlog, peak = load.posts - delivered, group.peak()
        # Nothing lost: every lane's chain, read back.
        verify = [BIRDFEED, "verify", "--config", at.work / "birdfeed.toml"]
        subprocess.run(verify, check=True, timeout=PATIENCE + seconds, stdout=sys.stderr)
        return Outage(
            seconds=seconds,
            backlog=backlog,
            live=(after_live - before) / delivered * 1e6,
            cost=(used - after_live) / backlog * 1e6,
            catching_up=(used - at_up) / backlog * 1e6,
            live_rate=RATE,
            rate=(load.posts - first) / took,
            early=early,
            late=late,
            peak=peak,
        )
