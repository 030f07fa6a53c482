"""Publishes one record in birdfeed's manner to Kafka and RabbitMQ: usage publish.py KAFKA AMQP LANE HEADER VALUE."""

import sys

import pika
from confluent_kafka import Producer

servers, url, lane, header, value = sys.argv[1:]
producer = Producer({"bootstrap.servers": servers})
producer.produce(f"x.{lane}", value, headers={"birdfeed": header})
if producer.flush(30):
    sys.exit("Kafka has not taken it")
channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
channel.confirm_delivery()
channel.basic_publish("x", f"x.{lane}", value, pika.BasicProperties(headers={"birdfeed": header}), mandatory=True)
