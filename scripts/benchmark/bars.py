"""The limits of DESIGN.md section 9 that this benchmark can see, beside what it saw."""

from dataclasses import dataclass
from statistics import median

import latency
from contenders import CURL_KCAT, OURS, OURS_ON_RABBITMQ, PIKA, TWEEPY

LANE_BOUND = {"Kafka": 10, "RabbitMQ": 5}


@dataclass
class Bar:
    row: str
    bar: str
    measured: str
    met: bool


def middle(figures, what):
    return median(getattr(one, what) for one in figures)


def at_most(row, limit, value, unit):
    return Bar(row, f"≤ {limit:g}{unit}", f"{value:.{2 if unit == ' ×' else 0}f}{unit}", value <= limit)


def ratio(row, limit, results, ours, theirs):
    return at_most(row, limit, middle(results[ours.name], "cpu") / middle(results[theirs.name], "cpu"), " ×")


def confirmed(broker, figures):
    buckets = latency.added([one.confirmed for one in figures])
    p99 = latency.of_histogram(buckets, 0.99)
    limit = LANE_BOUND[broker]
    return Bar(f"received to confirmed, p99, at 250/s: {broker}", f"< {limit} ms", f"{p99:.1f} ms", p99 < limit)


def of(results):
    """`results` has what was run, by name: paced, flat_out, rabbitmq_paced, rabbitmq_flat_out, outages."""
    bars = []
    if flat_out := results.get("flat_out"):
        bars.append(ratio("CPU flat out, against `curl \\| kcat` with the raw line", 1.0, flat_out, OURS, CURL_KCAT))
        bars.append(ratio("CPU flat out, against tweepy + confluent-kafka", 0.12, flat_out, OURS, TWEEPY))
        bars.append(at_most("memory flat out", 96, middle(flat_out[OURS.name], "peak"), " MB"))
    if paced := results.get("paced"):
        bars.append(ratio("CPU at 250/s, against tweepy + confluent-kafka", 0.35, paced, OURS, TWEEPY))
        bars.append(confirmed("Kafka", paced[OURS.name]))
    if flat_out := results.get("rabbitmq_flat_out"):
        bars.append(ratio("RabbitMQ: CPU flat out, against tweepy + pika", 0.08, flat_out, OURS_ON_RABBITMQ, PIKA))
        bars.append(at_most("RabbitMQ: memory flat out", 96, middle(flat_out[OURS_ON_RABBITMQ.name], "peak"), " MB"))
    if paced := results.get("rabbitmq_paced"):
        bars.append(confirmed("RabbitMQ", paced[OURS_ON_RABBITMQ.name]))
    for one in results.get("outages", []):
        bars.extend(of_outage(one))
    return bars


def of_outage(one):
    times = one.rate / one.live_rate
    away = f"Kafka away for {one.seconds} s"
    return [
        at_most(f"{away}: CPU of the backlog, against the live stream", 1.2, one.cost / one.live, " ×"),
        Bar(f"{away}: catches up, in live rates", "≥ 3 ×", f"{times:.1f} ×", times >= 3),
        at_most(f"{away}: memory", 96, one.peak, " MB"),
    ]
