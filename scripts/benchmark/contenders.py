"""Who is measured: how each is started, and which lanes it fills."""

import os
import pathlib
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).parent
BIRDFEED = os.environ["BIRDFEED"]
SPLIT = ["tweets", "includes", "errors", "matching_rules"]


@dataclass(frozen=True)
class At:
    """Where a contender runs."""

    work: pathlib.Path
    url: str
    broker: object
    prefix: str
    admin: int


@dataclass(frozen=True)
class Contender:
    name: str
    command: Callable[[At], str]
    lanes: list = field(default_factory=lambda: SPLIT)
    # How often the broker gets each message.
    copies: int = 1
    # Of the messages flat out: who is slow has seen enough after fewer.
    share: float = 1.0

    @property
    def whole(self):
        """The lane that has every message."""
        return self.lanes[0]


def birdfeed(enabled=None, sinks=1):
    def command(at):
        lanes = f"enabled = {enabled}\n".replace("'", '"') if enabled else ""
        each = [f'[[sink]]\nname = "sink{n}"\n{at.broker.configuration()}' for n in range(sinks)]
        config = at.work / "birdfeed.toml"
        config.write_text(
            f'[stream]\nbase_url = "{at.url}"\n[lanes]\nprefix = "{at.prefix}"\n{lanes}'
            f'[journal]\ndir = "{at.work}/journal"\nmax_bytes = "120GiB"\n[admin]\nlisten = "127.0.0.1:{at.admin}"\n{"".join(each)}'
        )
        # The shell stays as the group's leader, as for the others.
        return f'"{BIRDFEED}" run --config "{config}"; exit'

    return command


def curl_kcat(at):
    settings = "-X acks=all -X enable.idempotence=true -X linger.ms=5 -z lz4"
    return (
        f'curl -sSfN -H "Authorization: Bearer $X_BEARER_TOKEN" "{at.url}/2/tweets/search/stream"'
        f" | kcat -P -b {at.broker.address} {settings} -t {at.prefix}raw"
    )


def script(name, *words):
    def command(at):
        return f'"{sys.executable}" "{HERE / name}" {" ".join(words)} {at.url} "{at.broker.address}" {at.prefix}; exit'

    return command


OURS = Contender("birdfeed: journal, four topics", birdfeed())
TWEEPY = Contender("tweepy + confluent-kafka: four topics", script("tweepy_script.py", "split"))
CURL_KCAT = Contender("curl | kcat: the raw line, one topic", curl_kcat, ["raw"])
ON_KAFKA = [
    OURS,
    TWEEPY,
    Contender("tweepy + confluent-kafka: the raw line, one topic", script("tweepy_script.py", "raw"), ["raw"]),
    CURL_KCAT,
]

OURS_ON_RABBITMQ = Contender("birdfeed: journal, four queues", birdfeed())
PIKA = Contender("tweepy + pika, each message confirmed: four queues", script("pika_script.py"), share=0.05)
ON_RABBITMQ = [OURS_ON_RABBITMQ, PIKA]
