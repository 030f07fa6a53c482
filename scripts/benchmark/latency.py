"""How long a post takes: from its making to a consumer, of every contender; from receipt to confirmation, as birdfeed tells.

A post's id has the millisecond in which the simulator made it, just before it wrote it to the socket. All are measured by
that clock, at a consumer of the lane that has every post.
"""

import json
import re
import threading
import time
import urllib.request

EPOCH_OF_IDS = 1_288_834_974_657
# The first posts wait for connections to be opened. They are left out.
WARM = 750
QUANTILES = [0.5, 0.99, 0.999]


class Tap(threading.Thread):
    """Consumes a lane, and notes the age in ms of each post as it arrives."""

    def __init__(self, broker, topic):
        super().__init__(daemon=True)
        self.ages = []
        self.ended = threading.Event()
        self.broker, self.topic = broker, topic
        self.start()

    def run(self):
        for value in self.broker.arrivals(self.topic, self.ended.is_set):
            now = time.time() * 1000
            message = json.loads(value)
            made = int(message.get("data", message)["id"]) >> 22
            self.ages.append(now - made - EPOCH_OF_IDS)

    def end(self):
        self.ended.set()
        self.join(30)


def quantiles(ages):
    ranked = sorted(ages)
    return [ranked[min(int(len(ranked) * q), len(ranked) - 1)] for q in QUANTILES]


def confirmations(port, lane):
    """birdfeed's histogram: (bound in seconds, records up to it) of each bucket."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
    lines = re.findall(r"birdfeed_lane_confirm_seconds_bucket\{(.*?)\} (\d+)", page)
    buckets = [(re.search('le="(.*?)"', labels)[1], int(count)) for labels, count in lines if f'lane="{lane}"' in labels]
    return [(float(bound), count) for bound, count in buckets]


def since(before, now):
    return [(bound, count - earlier) for (bound, count), (_, earlier) in zip(now, before)]


def added(histograms):
    return [(column[0][0], sum(count for _, count in column)) for column in zip(*histograms)]


def of_histogram(buckets, q):
    """In ms, as Prometheus does it: in a straight line through the bucket."""
    wanted = q * buckets[-1][1]
    low, below = 0.0, 0
    for bound, count in buckets:
        if count >= wanted:
            return 1000 * (low + (bound - low) * (wanted - below) / max(count - below, 1))
        low, below = bound, count
    return float("inf")
