"""What people write today: tweepy and a Kafka client.

    tweepy_script.py split|raw BASE_URL BOOTSTRAP_SERVERS TOPIC_PREFIX

`split` sends posts, includes, errors and matching rules to a topic each; `raw` sends the line as it came to one topic.
The producer's settings are those that birdfeed has by default.
"""

import sys

from confluent_kafka import Producer
from tweepy_lanes import Stream

PRODUCER = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 5,
    "compression.type": "lz4",
}


class ToKafka(Stream):
    def __init__(self, base_url, bootstrap_servers, prefix):
        super().__init__(base_url)
        self.prefix = prefix
        self.producer = Producer(PRODUCER | {"bootstrap.servers": bootstrap_servers})

    def send(self, lane, key, value):
        while True:
            try:
                self.producer.produce(self.prefix + lane, value, key, on_delivery=self.delivered)
                break
            except BufferError:
                self.producer.poll(0.1)
        self.producer.poll(0)

    @staticmethod
    def delivered(error, _message):
        if error is not None:
            sys.exit(f"not delivered: {error}")


class Raw(ToKafka):
    def on_data(self, raw_data):
        self.send("raw", None, raw_data)


class Split(ToKafka):
    def on_response(self, response):
        self.send_split(response)


if __name__ == "__main__":
    kinds = {"split": Split, "raw": Raw}
    kinds[sys.argv[1]](*sys.argv[2:]).filter()
