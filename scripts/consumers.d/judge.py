"""Judges what an example has printed: usage judge.py NAME POSTS REPEATS FIRST SECOND THIRD LOG."""

import json
import re
import sys

name, posts, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
first, second, third, log = ([line for line in open(path)] for path in sys.argv[4:])


def must(holds, what):
    if not holds:
        sys.exit(f"{name}: {what}\n" + "".join(first[:3] + log[-5:]))


lines = [json.loads(line) for line in first]
alone = [line["lanes"] for line in lines if line["place"] == "1:1"]
must(alone == [["tweets"]], f"a post whose includes stay away: {alone}")
lines = [line for line in lines if line["place"] != "1:1"]
places = [line["place"] for line in lines]
must(len(places) == len(set(places)), "a message was shown twice")
shown = [line for line in lines if not line.get("event")]
must(len(shown) == posts, f"{len(shown)} messages, not {posts}")
must(all("tweets" in line["lanes"] for line in shown), "a message without its post")
joined = sum("includes" in line["lanes"] for line in shown)
must(joined > posts / 2, f"only {joined} posts have their includes")
must(all("matching_rules" in line["lanes"] for line in shown), "a post without the rules that it matches")
events = [line["event"] for line in lines if line.get("event")]
kinds = {event if isinstance(event, str) else event["type"] for event in events}
must({"connected", "disconnected", "gap"} <= kinds, f"events: {kinds}")
dropped = int(re.search(r"(\d+) repeats dropped", "".join(log)).group(1))
must(dropped == repeats, f"{dropped} repeats were dropped, not {repeats}")
late = [(line["place"], line["lanes"]) for line in map(json.loads, second)]
must(late == [("1:1", ["includes"])], f"only what has come late is left, not {late[:5]}")
must(not third, f"what was done is done again: {len(third)} messages")
print(f"{name}: {posts} posts, {joined} with their includes, {len(events)} events, {dropped} repeats dropped, nothing left")
