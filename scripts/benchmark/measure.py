"""One run of one contender.

Each run has a simulator of its own that is silent for the first seconds of the stream: what a contender has used by then
is its start. CPU time counts from there until the broker holds 99 of 100 messages, over all processes of the contender, as
the kernel accounts for it (/proc/PID/stat). Memory is the peak (VmHWM), summed over the processes.
"""

import contextlib
import shutil
import sys
import time
from dataclasses import dataclass, field

import latency
from contenders import BIRDFEED, At
from process import Failed, Group, connected, free_port

SILENCE = 6.0
PATIENCE = 300.0
TOKEN = {"X_BEARER_TOKEN": "simulator-token"}
FLAT_OUT = 150_000


@dataclass(frozen=True)
class Load:
    rate: int
    posts: int
    size: str = "typical"
    # Beside all else, a consumer notes the age of each post.
    latency: bool = False


@dataclass
class Figures:
    cpu: float  # µs per message
    peak: float  # MB
    rate: float  # messages per second
    counts: list = field(default_factory=list)  # records per lane
    ages: list = field(default_factory=list)  # ms of each post, at a consumer
    confirmed: list = field(default_factory=list)  # birdfeed's histogram


@contextlib.contextmanager
def running(broker, work, contender, load):
    """A simulator, and `contender` at work on it: its group, where it is, its topics."""
    at = At(work / f"bench{time.time_ns()}.", "", broker, "", free_port())
    at.work.mkdir(parents=True)
    port = free_port()
    at = At(at.work, f"http://127.0.0.1:{port}", broker, at.work.name, at.admin)
    topics = [at.prefix + lane for lane in contender.lanes]
    broker.create(topics)
    faults = at.work / "silence"
    faults.write_text(f"connection 1: silence {int(SILENCE)}s\n")
    (at.work / "simulator").mkdir()
    command = (
        f'"{BIRDFEED}" simulate --listen 127.0.0.1:{port} --rate {load.rate} --posts {load.posts} --rules 2'
        f' --size {load.size} --fault "{faults}"; exit'
    )
    try:
        with Group(command, at.work / "simulator") as simulator:
            # Said once its rules stand; before that it would refuse the stream.
            simulator.wait_for(lambda: "listening: " in simulator.tail(), 10, "simulator")
            with Group(contender.command(at), at.work, TOKEN) as group:
                group.wait_for(lambda: connected(port), 20, "connection")
                yield group, at, topics
    finally:
        broker.delete(topics)
        shutil.rmtree(at.work)


def run(broker, work, contender, load):
    with running(broker, work, contender, load) as (group, at, topics):
        tap = latency.Tap(broker, topics[0]) if load.latency else None
        try:
            return measure(broker, group, at, topics, contender, load, tap)
        finally:
            if tap:
                tap.end()


def measure(broker, group, at, topics, contender, load, tap):
    def held():
        return len(tap.ages) if tap else broker.count(topics[0])

    posts = load.posts * contender.copies
    before = cpu_of_start(group, held)
    group.wait_for(lambda: held() > 0, 20, "first message")
    start = time.monotonic()
    early = None
    if tap and contender.command.__qualname__.startswith("birdfeed"):
        group.wait_for(lambda: held() >= latency.WARM, PATIENCE, f"{latency.WARM} messages")
        early = latency.confirmations(at.admin, contender.whole)
    # Not all: kcat keeps the last lines to itself until its input ends.
    enough = posts * 99 // 100
    group.wait_for(lambda: held() >= enough, PATIENCE, f"{enough} messages")
    used, done, seconds = group.cpu() - before, held() / contender.copies, time.monotonic() - start
    figures = Figures(used / done * 1e6, group.peak(), done / seconds)
    if len(topics) > 1:
        group.wait_for(lambda: held() >= posts, PATIENCE, f"{posts} messages")
        # The other lanes may be a moment behind.
        time.sleep(0.5)
        figures.counts = [broker.count(topic) for topic in topics]
    if tap:
        figures.ages = tap.ages[latency.WARM :]
    if early:
        figures.confirmed = latency.since(early, latency.confirmations(at.admin, contender.whole))
    return figures


def cpu_of_start(group, held):
    # Long enough for the start to be over, short enough for the silence to be not.
    time.sleep(SILENCE - 3)
    if held() > 0:
        raise Failed("the stream began before the measurement")
    return group.cpu()


def rounds(broker, work, contenders, load, count):
    """Every contender in turn, `count` times: {name: [figures]}. Who splits must have done the same work."""
    results = {contender.name: [] for contender in contenders}
    for number in range(count):
        for contender in contenders:
            share = contender.share if load.rate == FLAT_OUT else 1.0
            own = Load(load.rate, int(load.posts * share), load.size, load.latency)
            figures = run(broker, work, contender, own)
            results[contender.name].append(figures)
            print(f"round {number + 1}: {contender.name}: {figures.cpu:.1f} µs", file=sys.stderr)
        if all(contender.share == 1.0 for contender in contenders) or load.rate != FLAT_OUT:
            counts = {tuple(results[one.name][-1].counts) for one in contenders if len(one.lanes) > 1}
            if len(counts) > 1:
                raise Failed(f"not the same work: records per lane {counts}")
    return results
