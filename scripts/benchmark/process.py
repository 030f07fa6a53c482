"""Processes: what they use, and waiting on them with a deadline."""

import contextlib
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A run came to nothing."""


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

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def members(self):
        """(pid, fields of /proc/PID/stat after the name) of each process in the group but the shell."""
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            # Who has ended may stay as a zombie for as long as its new parent likes.
            if fields[0] != "Z" and int(fields[2]) == self.process.pid and int(folder.name) != self.process.pid:
                yield int(folder.name), fields

    def cpu(self):
        """Seconds, as the kernel accounts for them."""
        return sum(int(fields[11]) + int(fields[12]) for _, fields in self.members()) / TICK

    def peak(self):
        """MB: the most that each had resident, added up."""
        return self.memory("VmHWM:")

    def resident(self):
        """MB."""
        return self.memory("VmRSS:")

    def memory(self, name):
        total = 0
        for pid, _ in self.members():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(name):
                    total += int(line.split()[1])
        return total / 1024

    def wait_for(self, done, patience, what):
        """Until `done()`; everything ends if that takes too long, or if the group ends before."""
        deadline = time.monotonic() + patience
        while not done():
            if self.process.poll() is not None:
                raise Failed(f"ended too soon ({self.process.returncode}):\n{self.tail()}")
            if time.monotonic() > deadline:
                raise Failed(f"no {what} within {patience:.0f} s:\n{self.tail()}")
            time.sleep(0.02)

    def tail(self):
        return self.log.read_text()[-3000:]

    def end(self):
        """Until the last member is gone: the shell ends before its children do."""
        for how, patience in [(signal.SIGTERM, 30), (signal.SIGKILL, 10)]:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, how)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                if self.process.poll() is not None and not any(self.members()):
                    return
                time.sleep(0.02)


def free_port():
    """Below the ephemeral range: there, somebody's outgoing connection may take it before we do."""
    while True:
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", random.randrange(12_000, 32_000)))
            except OSError:
                continue
            return one.getsockname()[1]


def connected(port):
    """Is there a connection to that port of ours? (State 01 is established.)"""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "01" and int(fields[1].rpartition(":")[2], 16) == port:
            return True
    return False
