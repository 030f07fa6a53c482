import os
import queue

import tweepy


class ToQueue(tweepy.StreamingClient):
    def on_tweet(self, tweet):
        tweets.put(tweet)


tweets = queue.Queue(100)
stream = ToQueue(os.environ["X_BEARER_TOKEN"])
stream.sample(threaded=True)
for _ in range(10):
    print(tweets.get().text)
stream.disconnect()
