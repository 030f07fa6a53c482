"""What people write today: tweepy and pika, with publisher confirms.

    pika_script.py BASE_URL AMQP_URL QUEUE_PREFIX

Posts, includes, errors and matching rules go to a quorum queue each, persistent, and each is waited for: that is what
`confirm_delivery` does on the connection that pika's own examples use.
"""

import sys

import pika
from tweepy_lanes import Stream

PROPERTIES = pika.BasicProperties(content_type="application/json", delivery_mode=2)


class ToRabbitMQ(Stream):
    def __init__(self, base_url, amqp_url, prefix):
        super().__init__(base_url)
        self.prefix = prefix
        self.channel = pika.BlockingConnection(pika.URLParameters(amqp_url)).channel()
        self.channel.confirm_delivery()
        for lane in ["tweets", "includes", "errors", "matching_rules"]:
            self.channel.queue_declare(prefix + lane, durable=True, arguments={"x-queue-type": "quorum"})

    def send(self, lane, _key, value):
        self.channel.basic_publish("", self.prefix + lane, value, PROPERTIES, mandatory=True)

    def on_response(self, response):
        self.send_split(response)


if __name__ == "__main__":
    ToRabbitMQ(*sys.argv[1:]).filter()
