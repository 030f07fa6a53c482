"""The Kafka that all use: topics, counts, a look at each record as it arrives."""

import subprocess

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic


class Kafka:
    sink = "kafka"

    def __init__(self, servers, brokers, folder):
        self.address = servers
        self.brokers = [brokers, folder]
        # librdkafka tells of each attempt to reach a broker that we have killed.
        self.client = {"bootstrap.servers": servers, "log_level": 0}
        self.admin = AdminClient(self.client)
        self.consumer = self.new_consumer()
        self.known = {}

    def new_consumer(self):
        return Consumer(self.client | {"group.id": "bench"})

    def configuration(self):
        """Of birdfeed's sink."""
        return f'type = "kafka"\nbootstrap_servers = "{self.address}"\n'

    def create(self, topics):
        for created in self.admin.create_topics([NewTopic(topic, 1, 1) for topic in topics]).values():
            created.result(30)

    def delete(self, topics):
        for deleted in self.admin.delete_topics(topics).values():
            deleted.result(30)

    def count(self, topic):
        """What the topic holds; as of before while the broker is away."""
        try:
            self.known[topic] = self.consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=5)[1]
        except KafkaException:
            pass
        return self.known.get(topic, 0)

    def arrivals(self, topic, stopped):
        """The values in `topic`, each as it arrives, until `stopped()`."""
        consumer = self.new_consumer()
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        try:
            while not stopped():
                message = consumer.poll(0.1)
                if message is not None and message.error() is None:
                    yield message.value()
        finally:
            consumer.close()

    def kill(self):
        self.call("kill")

    def up(self):
        self.call("up")

    def call(self, what):
        script, folder = self.brokers
        subprocess.run([script, what, "kafka", folder], check=True, timeout=120, stdin=subprocess.DEVNULL)
