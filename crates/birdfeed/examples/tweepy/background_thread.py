import os
import time

import tweepy


class IDPrinter(tweepy.StreamingClient):
    def on_tweet(self, tweet):
        print(tweet.id)


printer = IDPrinter(os.environ["X_BEARER_TOKEN"])
thread = printer.sample(threaded=True)
time.sleep(2)
printer.disconnect()
thread.join()
