"""Publishes the last records of the lane tweets again, as they are: usage repeat.py KAFKA AMQP COUNT."""

import sys
import time

import pika
from confluent_kafka import Consumer, Producer

servers, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
consumer = Consumer({"bootstrap.servers": servers, "group.id": "repeat", "auto.offset.reset": "earliest"})
consumer.subscribe(["x.tweets"])
records, newest = [], time.monotonic()
while not records or time.monotonic() - newest < 3:
    if time.monotonic() - newest > 60:
        sys.exit("nothing is in x.tweets")
    record = consumer.poll(0.5)
    if record is not None and not record.error():
        records.append(record)
        newest = time.monotonic()
consumer.close()
producer = Producer({"bootstrap.servers": servers})
channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
for record in records[-count:]:
    producer.produce("x.tweets", record.value(), record.key(), headers=record.headers())
    header = dict(record.headers())["birdfeed"].decode()
    channel.basic_publish("x", "x.tweets", record.value(), pika.BasicProperties(headers={"birdfeed": header}))
producer.flush()
