# tweepy before 4.13.
import os

import tweepy


class IDPrinter(tweepy.Stream):
    def on_status(self, status):
        print(status.id)


printer = IDPrinter(
    os.environ["X_CONSUMER_KEY"],
    os.environ["X_CONSUMER_SECRET"],
    os.environ["X_ACCESS_TOKEN"],
    os.environ["X_ACCESS_TOKEN_SECRET"],
)
printer.sample()
