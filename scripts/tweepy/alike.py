"""The same streams and the same calls about rules, through tweepy and through the crate `birdfeed`, compared object by object.

    alike.py OBJECTS

OBJECTS is the crate's example of that name: it serves a simulator that makes the same posts each time, and prints what its
library makes of them. Each side has a simulator of its own.
"""

import contextlib
import datetime
import json
import logging
import re
import subprocess
import sys

import tweepy

COUNT = 200
TOKEN = "simulator-token"
TWEET = """id text created_at author_id conversation_id in_reply_to_user_id lang source possibly_sensitive reply_settings
    edit_history_tweet_ids edit_controls attachments geo entities context_annotations public_metrics withheld""".split()
USER = """id name username created_at description entities location url pinned_tweet_id profile_image_url protected verified
    verified_type public_metrics withheld""".split()
MEDIA = "media_key type url alt_text duration_ms width height preview_image_url public_metrics variants".split()
POLL = "id options duration_minutes end_datetime voting_status".split()
PLACE = "id full_name name country country_code place_type contained_within geo".split()
# Written as texts by both; tweepy makes numbers of them.
IDS = {"id", "author_id", "conversation_id", "in_reply_to_user_id", "pinned_tweet_id", "edit_history_tweet_ids"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@contextlib.contextmanager
def simulator(objects):
    process = subprocess.Popen([objects, "serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(timeout=10)


def through_birdfeed(*command):
    output = subprocess.run(command, check=True, timeout=60, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def plain(value, name=None):
    """What differs only in the language it is held in is made the same: times, ids, what is absent."""
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, str) and TIME.fullmatch(value):
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()} or None
    if isinstance(value, (list, tuple)):
        return [plain(inner, name) for inner in value] or None
    if name in IDS and value is not None:
        return str(value)
    return value


def shape(thing, names):
    return {name: getattr(thing, name) for name in names}


def tweet(thing):
    references = thing.referenced_tweets or []
    return shape(thing, TWEET) | {"referenced_tweets": [[one.type, str(one.id)] for one in references]}


class Recorder(tweepy.StreamingClient):
    """What tweepy hands to its callbacks, and what it makes of its address is overridden."""

    def __init__(self, base_url):
        super().__init__(TOKEN)
        self.base_url = base_url
        self.responses = []

    def _connect(self, method, endpoint, **kwargs):
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"
        url = f"{self.base_url}/2/tweets/{endpoint}/stream"
        tweepy.streaming.BaseStream._connect(self, method, url, **kwargs)

    def request(self, method, route, *args, **kwargs):
        send = self.session.request

        def redirected(method, url, **options):
            return send(method, url.replace("https://api.twitter.com", self.base_url), **options)

        self.session.request = redirected
        try:
            return super().request(method, route, *args, **kwargs)
        finally:
            self.session.request = send

    def on_response(self, response):
        includes = response.includes
        kinds = {"users": USER, "media": MEDIA, "polls": POLL, "places": PLACE}
        self.responses.append({
            "tweet": tweet(response.data) if response.data else None,
            "includes": {kind: [shape(one, names) for one in includes.get(kind, [])] for kind, names in kinds.items()}
            | {"tweets": [tweet(one) for one in includes.get("tweets", [])]},
            "errors": response.errors,
            "matching_rules": [[str(rule.id), rule.tag] for rule in response.matching_rules],
        })
        if sum(bool(one["tweet"]) for one in self.responses) == COUNT:
            self.disconnect()

    def on_exception(self, exception):
        raise exception


def flat(thing):
    """The members of one thing, each made plain."""
    return {name: plain(value, name) for name, value in thing.items()} if thing else None


def comparable(response):
    includes = {kind: [flat(one) for one in things] for kind, things in response["includes"].items()}
    return {
        "tweet": flat(response["tweet"]),
        "includes": includes,
        "errors": plain(response["errors"]),
        "matching_rules": response["matching_rules"],
    }


def numbered(responses):
    """Rules by their rank: their ids are made from the clock, in the order in which they were added."""
    ids = sorted({int(rule[0]) for one in responses for rule in one["matching_rules"]})
    for one in responses:
        one["matching_rules"] = [[ids.index(int(rule[0])), rule[1]] for rule in one["matching_rules"]]
    return responses


def rules_of(response):
    return {"rules": [[rule.value, rule.tag] for rule in response.data or []]}


def tweepy_rules(base_url):
    client = Recorder(base_url)
    rule = tweepy.StreamRule
    yield rules_of(client.get_rules())
    yield rules_of(client.add_rules([rule("cats has:images", "cats"), rule("dogs has:images", "dogs")]))
    again = client.add_rules([rule("dogs has:images"), rule("cats has:videos")])
    yield {"created": len(again.data or []), "refused": [error["value"] for error in again.errors]}
    yield rules_of(client.add_rules(rule("birds"), dry_run=True))
    stored = client.get_rules()
    gone = client.delete_rules(stored.data)
    yield rules_of(stored)
    yield {"deleted": gone.meta["summary"]["deleted"]}
    yield rules_of(client.get_rules())


def in_order(answer):
    """X gives rules in no order, and no tag as nothing or as an empty one."""
    rules = answer.get("rules")
    return answer | {"rules": sorted([value, tag or None] for value, tag in rules)} if rules else answer


def differences(ours, theirs, path):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            yield from differences(ours.get(name), theirs.get(name), f"{path}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for at, (one, other) in enumerate(zip(ours, theirs)):
            yield from differences(one, other, f"{path}[{at}]")
    elif ours != theirs:
        yield f"{path}: birdfeed {ours!r}, tweepy {theirs!r}"


def compare(what, ours, theirs):
    found = list(differences(ours, theirs, what))
    if found:
        sys.exit("\n".join(found[:20] + [f"{len(found)} differences in {what}"]))


def main(objects):
    # Errors beside posts are expected here.
    logging.getLogger("tweepy").setLevel(logging.CRITICAL)
    for stream in ["filter", "sample"]:
        with simulator(objects) as base_url:
            ours = numbered([comparable(one) for one in through_birdfeed(objects, stream, base_url, str(COUNT))])
        with simulator(objects) as base_url:
            client = Recorder(base_url)
            getattr(client, stream)()
        theirs = numbered([comparable(one) for one in client.responses])
        compare(stream, ours, theirs)
        posts = [one for one in theirs if one["tweet"]]
        goodbyes = [one for one in theirs if not one["tweet"]]
        parts = {name: sum(bool(one[name]) for one in posts) for name in ["errors", "matching_rules"]}
        parts["includes"] = sum(any(one["includes"].values()) for one in posts)
        # Nothing compared is nothing shown.
        expected = [parts["errors"], parts["includes"]] + [parts["matching_rules"]] * (stream == "filter")
        if len(posts) != COUNT or not goodbyes or not all(expected):
            sys.exit(f"{stream}: too little came: {len(posts)} posts, {len(goodbyes)} goodbyes, {parts}")
        print(f"{stream}: {len(posts)} posts and {len(goodbyes)} goodbye(s) alike, {parts}")
    with simulator(objects) as base_url:
        ours = [in_order(answer) for answer in through_birdfeed(objects, "rules", base_url)]
    with simulator(objects) as base_url:
        theirs = [in_order(answer) for answer in tweepy_rules(base_url)]
    compare("rules", ours, theirs)
    print(f"rules: {len(theirs)} answers alike")


if __name__ == "__main__":
    main(*sys.argv[1:])
