"""Runs the contenders in turn and prints a table. Called by scripts/bench.

Each run has a simulator of its own that is silent for the first seconds of the stream: what a contender has used by then
is its start. CPU time counts from there until Kafka holds 99 of 100 messages, over all processes of the contender, as the kernel
accounts for it (/proc/PID/stat). Memory is the peak (VmHWM), summed over the processes.
"""

import argparse
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIRDFEED = ROOT / "target/release/birdfeed"
TWEEPY = ROOT / "scripts/benchmark/tweepy_script.py"
TICK = os.sysconf("SC_CLK_TCK")
SILENCE = 6.0
PATIENCE = 300.0
SPLIT = ["tweets", "includes", "errors", "matching_rules"]
TOKEN = {"X_BEARER_TOKEN": "simulator-token"}


class Broker:
    """The Kafka that all use."""

    def __init__(self, servers):
        self.servers = servers
        self.admin = AdminClient({"bootstrap.servers": servers})
        self.consumer = Consumer({"bootstrap.servers": servers, "group.id": "bench"})

    def create(self, topics):
        for created in self.admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
            created.result(30)

    def delete(self, topics):
        for deleted in self.admin.delete_topics(topics).values():
            deleted.result(30)

    def count(self, topic):
        return self.consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)[1]


class Group:
    """A process group, and what it uses."""

    def __init__(self, command, work, env=None):
        self.log = work / "log"
        self.process = subprocess.Popen(
            ["bash", "-c", f"set -o pipefail; {command}"],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=self.log.open("w"),
            stderr=subprocess.STDOUT,
            env=os.environ | (env or {}),
        )

    def members(self):
        """(pid, fields of /proc/PID/stat after the name) of each process in the group but the shell."""
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[2]) == self.process.pid and int(folder.name) != self.process.pid:
                yield int(folder.name), fields

    def cpu(self):
        return sum(int(fields[11]) + int(fields[12]) for _, fields in self.members()) / TICK

    def peak(self):
        total = 0
        for pid, _ in self.members():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    total += int(line.split()[1])
        return total / 1024

    def check(self):
        if self.process.poll() is not None:
            sys.exit(f"ended too soon ({self.process.returncode}):\n{self.log.read_text()[-3000:]}")

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(30)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def birdfeed(work, url, servers, prefix):
    config = work / "birdfeed.toml"
    config.write_text(
        f'[stream]\nbase_url = "{url}"\n'
        f'[lanes]\nprefix = "{prefix}"\n[journal]\ndir = "{work}/journal"\n'
        f'[[sink]]\ntype = "kafka"\nbootstrap_servers = "{servers}"\n[admin]\nlisten = "off"\n'
    )
    # The shell stays as the group's leader, as for the others.
    return f'"{BIRDFEED}" run --config "{config}"; exit'


def curl_kcat(_work, url, servers, prefix):
    settings = "-X acks=all -X enable.idempotence=true -X linger.ms=5 -z lz4"
    return (
        f'curl -sSfN -H "Authorization: Bearer $X_BEARER_TOKEN" "{url}/2/tweets/search/stream"'
        f" | kcat -P -b {servers} {settings} -t {prefix}raw"
    )


def tweepy(kind):
    return lambda _work, url, servers, prefix: f'"{sys.executable}" "{TWEEPY}" {kind} {url} {servers} {prefix}; exit'


# Name, command, lanes that it fills, the lane that has every message.
CONTENDERS = [
    ("birdfeed: journal, four topics", birdfeed, SPLIT, "tweets"),
    ("tweepy + confluent-kafka: four topics", tweepy("split"), SPLIT, "tweets"),
    ("tweepy + confluent-kafka: the raw line, one topic", tweepy("raw"), ["raw"], "raw"),
    ("curl | kcat: the raw line, one topic", curl_kcat, ["raw"], "raw"),
]


def run(broker, work, contender, rate, messages):
    """CPU µs per message, peak MB, messages per second, records per lane."""
    _, command, lanes, whole = contender
    prefix = f"bench{time.time_ns()}."
    topics = [prefix + lane for lane in lanes]
    broker.create(topics)
    port = free_port()
    script = work / "silence"
    script.write_text(f"connection 1: silence {int(SILENCE)}s\n")
    work_of_run = work / prefix
    work_of_run.mkdir()
    simulator = Group(
        f'"{BIRDFEED}" simulate --listen 127.0.0.1:{port} --rate {rate} --posts {messages} --rules 2 --fault "{script}"; exit',
        work,
    )
    try:
        # Said once its rules stand; before that it would refuse the stream.
        wait_for(lambda: "listening" in simulator.log.read_text(), simulator, 10, "the simulator")
        group = Group(command(work_of_run, f"http://127.0.0.1:{port}", broker.servers, prefix), work_of_run, TOKEN)
        try:
            return measure(broker, group, port, topics, prefix + whole, messages)
        finally:
            group.end()
    finally:
        simulator.end()
        broker.delete(topics)
        subprocess.run(["rm", "-rf", work_of_run], check=True)


def measure(broker, group, port, topics, whole, messages):
    wait_for(lambda: connected(port), group, 20, "a connection")
    # Long enough for the start to be over, short enough for the silence to be not.
    time.sleep(SILENCE - 3)
    if broker.count(whole) > 0:
        sys.exit("the stream began before the measurement")
    before = group.cpu()
    wait_for(lambda: broker.count(whole) > 0, group, 20, "a first message")
    start = time.monotonic()
    # Not all: kcat keeps the last lines to itself until its input ends.
    enough = messages * 99 // 100
    wait_for(lambda: broker.count(whole) >= enough, group, PATIENCE, f"{enough} messages")
    used, done = group.cpu() - before, broker.count(whole)
    seconds = time.monotonic() - start
    peak = group.peak()
    if len(topics) > 1:
        wait_for(lambda: broker.count(whole) >= messages, group, PATIENCE, f"{messages} messages")
        # The other lanes may be a moment behind.
        time.sleep(0.5)
    return used / done * 1e6, peak, done / seconds, [broker.count(topic) for topic in topics]


def connected(port):
    """Is there a connection to the simulator? (State 01 is established.)"""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "01" and int(fields[1].rpartition(":")[2], 16) == port:
            return True
    return False


def wait_for(done, group, patience, what):
    deadline = time.monotonic() + patience
    while not done():
        group.check()
        if time.monotonic() > deadline:
            sys.exit(f"no {what} within {patience:.0f} s:\n{group.log.read_text()[-3000:]}")
        time.sleep(0.02)


def table(title, results):
    print(f"\n{title}\n")
    print("| | CPU µs/message | ratio | peak MB | messages/s |\n|---|---|---|---|---|")
    medians = {name: [statistics.median(column) for column in zip(*rounds)] for name, rounds in results.items()}
    ours = medians[CONTENDERS[0][0]][0]
    for name, (cpu, peak, speed) in medians.items():
        spread = [one[0] for one in results[name]]
        cell = name.replace("|", "\\|")
        print(f"| {cell} | {cpu:.1f} ({min(spread):.1f}–{max(spread):.1f}) | {cpu / ours:.2f} | {peak:.0f} | {speed:,.0f} |")


def compare(broker, work, title, rate, messages, rounds):
    results = {contender[0]: [] for contender in CONTENDERS}
    split = {}
    for number in range(rounds):
        for contender in CONTENDERS:
            *figures, counts = run(broker, work, contender, rate, messages)
            results[contender[0]].append(figures)
            if len(counts) > 1:
                split[contender[0]] = counts
            print(f"round {number + 1}: {contender[0]}: {figures[0]:.1f} µs", file=sys.stderr)
    ours, theirs = split.values()
    if ours != theirs:
        sys.exit(f"not the same work: {SPLIT} hold {ours} records by birdfeed, {theirs} by tweepy")
    table(title, results)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs; the median counts (3)")
    parser.add_argument("--paced", type=int, default=10_000, help="messages at 250/s (10000); 0 leaves the table out")
    parser.add_argument("--flat-out", type=int, default=200_000, help="messages flat out (200000); 0 leaves it out")
    args = parser.parse_args()
    broker = Broker(os.environ["BIRDFEED_TEST_KAFKA"])
    work = args.work / "work"
    work.mkdir(exist_ok=True)
    for title, rate, messages in [
        (f"250 messages/s, {args.paced} messages", 250, args.paced),
        (f"Flat out, {args.flat_out} messages", 150_000, args.flat_out),
    ]:
        if messages:
            compare(broker, work, title, rate, messages, args.rounds)


if __name__ == "__main__":
    main()
