"""The RabbitMQ that all use: counts, a look at each message as it arrives. Each contender declares its own queues."""

import time

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker


class RabbitMQ:
    sink = "amqp"

    def __init__(self, url):
        self.address = url

    def configuration(self):
        """Of birdfeed's sink."""
        return f'type = "amqp"\nurl = "{self.address}"\n'

    def connection(self):
        return pika.BlockingConnection(pika.URLParameters(self.address))

    def create(self, _queues):
        pass

    def delete(self, queues):
        connection = self.connection()
        for queue in queues:
            connection.channel().queue_delete(queue)
        connection.close()

    def count(self, queue):
        return self.look(queue) or 0

    def exists(self, queue):
        return self.look(queue) is not None

    def look(self, queue):
        """How many messages wait there; `None` if it is not declared yet."""
        connection = self.connection()
        try:
            return connection.channel().queue_declare(queue, passive=True).method.message_count
        except ChannelClosedByBroker:
            return None
        finally:
            connection.close()

    def arrivals(self, queue, stopped):
        """The values in `queue`, each as it arrives, until `stopped()`. They are taken out."""
        while not stopped():
            try:
                if self.exists(queue):
                    yield from self.take(queue, stopped)
            except AMQPError:
                # A quorum queue that is being declared may answer with 541 (internal error).
                pass
            time.sleep(0.05)

    def take(self, queue, stopped):
        connection = self.connection()
        try:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=200)
            for method, _, value in channel.consume(queue, inactivity_timeout=0.1):
                if stopped():
                    return
                if value is not None:
                    yield value
                    channel.basic_ack(method.delivery_tag)
        finally:
            if connection.is_open:
                connection.close()
