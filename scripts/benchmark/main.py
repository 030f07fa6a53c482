"""Runs what is asked for, prints tables, writes the page. Called by scripts/bench."""

import argparse
import os
import pathlib
import signal
import sys
from dataclasses import dataclass

import growth
import outage
import page
from contenders import ON_KAFKA, ON_RABBITMQ, OURS
from kafka import Kafka
from measure import FLAT_OUT, Load, rounds
from rabbitmq import RabbitMQ


@dataclass(frozen=True)
class Size:
    rounds: int
    paced: int
    flat_out: int
    outages: list


QUICK = Size(rounds=1, paced=3_000, flat_out=80_000, outages=[10])
FULL = Size(rounds=3, paced=10_000, flat_out=200_000, outages=[10, 60])
PARTS = ["paced", "flat_out", "rabbitmq_paced", "rabbitmq_flat_out", "outages", "growth"]


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    for hidden in ["--work", "--brokers"]:
        parser.add_argument(hidden, type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", dest="size", action="store_const", const=QUICK, help="under ten minutes after the build")
    size.add_argument("--full", dest="size", action="store_const", const=FULL, help="the default: half an hour")
    parser.add_argument("--rounds", type=int, help="how often each contender runs; the median counts")
    parser.add_argument("--paced", type=int, help="messages at 250/s; 0 leaves it out")
    parser.add_argument("--flat-out", type=int, help="messages flat out; 0 leaves it out, and the growth")
    parser.add_argument("--away", type=int, action="append", metavar="SECONDS", help="how long Kafka is away; may be given again")
    parser.add_argument("--away-with", choices=["typical", "small"], default="typical", help="posts of 4.1 or 1.6 KB meanwhile")
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be given again")
    parser.add_argument("--page", type=pathlib.Path, help="write what is found into this page, and its plots beside it")
    args = parser.parse_args()
    size = args.size or FULL
    args.rounds = size.rounds if args.rounds is None else args.rounds
    args.paced = size.paced if args.paced is None else args.paced
    args.flat_out = size.flat_out if args.flat_out is None else args.flat_out
    args.outages = args.away or size.outages
    return args


def parts(args, work):
    """(name, what runs it) of each part that is asked for."""
    kafka = Kafka(os.environ["BIRDFEED_TEST_KAFKA"], "scripts/brokers", args.brokers)
    rabbitmq = RabbitMQ(os.environ["BIRDFEED_TEST_AMQP"])
    paced = Load(250, args.paced, latency=True)
    flat_out = Load(FLAT_OUT, args.flat_out)
    if args.paced:
        yield "paced", lambda: rounds(kafka, work, ON_KAFKA, paced, args.rounds)
        yield "rabbitmq_paced", lambda: rounds(rabbitmq, work, ON_RABBITMQ, paced, args.rounds)
    if args.flat_out:
        yield "flat_out", lambda: rounds(kafka, work, ON_KAFKA, flat_out, args.rounds)
        yield "rabbitmq_flat_out", lambda: rounds(rabbitmq, work, ON_RABBITMQ, flat_out, args.rounds)
        yield "growth", lambda: growth.run_all(kafka, work, args.flat_out)
    yield "outages", lambda: [outage.run(kafka, work, OURS, seconds, args.away_with) for seconds in args.outages]


def main():
    # What is started is also ended when we are.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    args = arguments()
    work = args.work / "work"
    work.mkdir(exist_ok=True)
    results, failed = {}, []
    for name, run in parts(args, work):
        if args.only and name not in args.only:
            continue
        print(f"{name}:", file=sys.stderr)
        try:
            results[name] = run()
        except Exception as error:  # Whatever it is, the other parts do not depend on it.
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            failed.append(name)
    told = f"{args.rounds} rounds, {args.paced:,} messages at 250/s, {args.flat_out:,} flat out"
    text, pictures = page.render(results, told)
    print(text)
    if args.page:
        page.write(args.page, text, pictures)
    if failed:
        sys.exit(f"came to nothing: {', '.join(failed)}")


if __name__ == "__main__":
    main()
