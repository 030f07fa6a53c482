import os

import tweepy


class IDPrinter(tweepy.StreamingClient):
    def on_tweet(self, tweet):
        print(tweet.id)


printer = IDPrinter(os.environ["X_BEARER_TOKEN"])
printer.filter()
