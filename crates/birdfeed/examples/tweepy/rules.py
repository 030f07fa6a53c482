import os

import tweepy

client = tweepy.StreamingClient(os.environ["X_BEARER_TOKEN"])
client.add_rules([tweepy.StreamRule("cats has:images", "cats"), tweepy.StreamRule("dogs", "dogs")])
stored = client.get_rules().data
for rule in stored:
    print(f"{rule.id}: {rule.value}")
client.delete_rules(stored)
