"""birdfeed's queues with pika: joined, without repeats, acknowledged after the work is done.

    pip install pika
    python from_rabbitmq.py amqp://guest:guest@localhost:5672/%2f
"""

import argparse
import signal
import sys

import pika
from joined import HELD, WAIT, Joined
from shown import show

LANES = ["tweets", "includes", "matching_rules", "events"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--prefix", default="x.")
    parser.add_argument("--until-idle", type=float, metavar="SECONDS", help="end when nothing has come for so long")
    parser.add_argument("--wait", type=float, metavar="SECONDS", default=WAIT, help="for the last record of a message")
    args = parser.parse_args()
    connection = pika.BlockingConnection(pika.URLParameters(args.url))
    channel = connection.channel()
    # What waits for its other records is not acknowledged yet, and RabbitMQ must go on sending meanwhile.
    channel.basic_qos(prefetch_count=HELD)
    joined, idle = Joined(LANES, args.wait), [0]
    signal.signal(signal.SIGTERM, lambda *_: channel.stop_consuming())

    def finish(messages):
        for place, values, receipts in messages:
            if place:
                show(place, values)
            for tag in receipts:
                channel.basic_ack(tag)

    def take(_channel, method, properties, body):
        idle[0] = 0
        header = properties.headers["birdfeed"]
        lane = method.routing_key.removeprefix(args.prefix)
        finish(joined.take(header, lane, body, method.delivery_tag))

    def tick():
        finish(joined.late())
        idle[0] += 1
        if args.until_idle and idle[0] > args.until_idle:
            channel.stop_consuming()
        else:
            connection.call_later(1, tick)

    for lane in LANES:
        # As birdfeed declares it, so that either may be the first.
        channel.queue_declare(args.prefix + lane, durable=True, arguments={"x-queue-type": "quorum"})
        channel.basic_consume(args.prefix + lane, take)
    connection.call_later(1, tick)
    try:
        channel.start_consuming()
    except KeyboardInterrupt:
        channel.stop_consuming()
    connection.close()
    print(f"{joined.repeats} repeats dropped", file=sys.stderr)


main()
