"""birdfeed's topics with confluent-kafka: joined, without repeats, committed after the work is done.

    pip install confluent-kafka
    python from_kafka.py localhost:9092 --group my-service
"""

import argparse
import signal
import sys
import time

from confluent_kafka import Consumer, TopicPartition
from joined import WAIT, Joined
from shown import show

LANES = ["tweets", "includes", "matching_rules", "events"]


class Offsets:
    """What may be committed: up to the first record whose message is not finished."""

    def __init__(self):
        self.open, self.next = {}, {}  # partition -> its records in work, the offset after its newest

    def begin(self, record):
        at = (record.topic(), record.partition())
        self.open.setdefault(at, set()).add(record.offset())
        self.next[at] = record.offset() + 1
        return at, record.offset()

    def end(self, receipt):
        at, offset = receipt
        self.open[at].discard(offset)

    def safe(self):
        return [TopicPartition(*at, min(self.open[at], default=after)) for at, after in self.next.items()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("servers")
    parser.add_argument("--group", default="birdfeed-example")
    parser.add_argument("--prefix", default="x.")
    parser.add_argument("--until-idle", type=float, metavar="SECONDS", help="end when nothing has come for so long")
    parser.add_argument("--wait", type=float, metavar="SECONDS", default=WAIT, help="for the last record of a message")
    args = parser.parse_args()
    consumer = Consumer({
        "bootstrap.servers": args.servers,
        "group.id": args.group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    })
    going = [True]
    for name in signal.SIGTERM, signal.SIGINT:
        signal.signal(name, lambda *_: going.clear())
    consumer.subscribe([args.prefix + lane for lane in LANES])
    joined, offsets = Joined(LANES, args.wait), Offsets()
    newest = committed = time.monotonic()

    def finish(messages):
        for place, values, receipts in messages:
            if place:
                show(place, values)
            for receipt in receipts:
                offsets.end(receipt)

    while going:
        finish(joined.late())
        record = consumer.poll(0.5)
        now = time.monotonic()
        if record is None:
            if args.until_idle and now - newest > args.until_idle:
                break
        elif record.error():
            print(record.error(), file=sys.stderr)
        else:
            newest = now
            header = dict(record.headers())["birdfeed"].decode()
            lane = record.topic().removeprefix(args.prefix)
            finish(joined.take(header, lane, record.value(), offsets.begin(record)))
        if offsets.next and now - committed > 1:
            consumer.commit(offsets=offsets.safe(), asynchronous=False)
            committed = now
    if offsets.next:
        consumer.commit(offsets=offsets.safe(), asynchronous=False)
    consumer.close()
    print(f"{joined.repeats} repeats dropped", file=sys.stderr)


main()
