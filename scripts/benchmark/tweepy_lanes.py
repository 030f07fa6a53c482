"""tweepy's stream, from the simulator's address instead of X's, split into lanes: what the scripts beside it share."""

import json

import tweepy


def text(value):
    # tweepy puts datetime objects into the dictionaries that it was given.
    return json.dumps(value, default=str)


class Stream(tweepy.StreamingClient):
    """Who inherits has `send(lane, key, value)`."""

    def __init__(self, base_url):
        super().__init__("simulator-token")
        self.base_url = base_url

    def _connect(self, method, endpoint, **kwargs):
        self.session.headers["Authorization"] = "Bearer simulator-token"
        url = f"{self.base_url}/2/tweets/{endpoint}/stream"
        tweepy.streaming.BaseStream._connect(self, method, url, **kwargs)

    def send_split(self, response):
        """Posts, includes, errors and matching rules, to a lane each."""
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
