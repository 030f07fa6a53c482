"""What people write today: tweepy and a Kafka client.

    tweepy_script.py split|raw BASE_URL BOOTSTRAP_SERVERS TOPIC_PREFIX

`split` sends posts, includes, errors and matching rules to a topic each; `raw` sends the line as it came to one topic.
The producer's settings are those that birdfeed has by default.
"""

import json
import sys

import tweepy
from confluent_kafka import Producer

PRODUCER = {
    "acks": "all",
    "enable.idempotence": True,
    "linger.ms": 5,
    "compression.type": "lz4",
}


def text(value):
    # tweepy puts datetime objects into the dictionaries that it was given.
    return json.dumps(value, default=str)


class Stream(tweepy.StreamingClient):
    """Sends to Kafka, at the simulator's address instead of X's."""

    def __init__(self, base_url, bootstrap_servers, prefix):
        super().__init__("simulator-token")
        self.base_url = base_url
        self.prefix = prefix
        self.producer = Producer(PRODUCER | {"bootstrap.servers": bootstrap_servers})

    def _connect(self, method, endpoint, **kwargs):
        self.session.headers["Authorization"] = "Bearer simulator-token"
        url = f"{self.base_url}/2/tweets/{endpoint}/stream"
        tweepy.streaming.BaseStream._connect(self, method, url, **kwargs)

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


class Raw(Stream):
    def on_data(self, raw_data):
        self.send("raw", None, raw_data)


class Split(Stream):
    def on_response(self, response):
        tweet, includes, errors, rules = response
        key = str(tweet.id)
        self.send("tweets", key, text(tweet.data))
        if includes:
            values = {name: [getattr(thing, "data", thing) for thing in things] for name, things in includes.items()}
            self.send("includes", key, text({"tweet_id": key, "includes": values}))
        if errors:
            self.send("errors", key, text({"tweet_id": key, "errors": errors}))
        if rules:
            values = [{"id": rule.id, "tag": rule.tag} for rule in rules]
            self.send("matching_rules", key, text({"tweet_id": key, "matching_rules": values}))


if __name__ == "__main__":
    kinds = {"split": Split, "raw": Raw}
    kinds[sys.argv[1]](*sys.argv[2:]).filter()
