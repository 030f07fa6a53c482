import os

import tweepy


class Tester(tweepy.StreamingClient):
    def on_connection_error(self):
        print("connection error")
        self.disconnect()


tester = Tester(os.environ["X_BEARER_TOKEN"])
tester.sample()
