"""What these examples do with a message: a line of JSON. Yours stands here: a row in a database, with the place as its key."""

import json


def show(place, values):
    """Has done its work when it returns: only then is anything confirmed."""
    if "events" in values:
        event = json.loads(values["events"])
        print(json.dumps({"place": place, "event": event["type"], "what_to_do": ADVICE.get(event["type"])}), flush=True)
        return
    post = json.loads(values.get("tweets", "{}"))
    included = json.loads(values.get("includes", "{}")).get("includes", {})
    names = {user["id"]: user.get("username") for user in included.get("users", [])}
    matched = json.loads(values.get("matching_rules", "{}")).get("matching_rules", [])
    line = {
        "place": place,
        "lanes": sorted(values),
        "post": post.get("id"),
        "by": names.get(post.get("author_id")),
        "rules": [rule.get("tag") for rule in matched],
    }
    print(json.dumps(line), flush=True)


ADVICE = {
    "gap": "posts of this time may be missing: if `filled` is false, fetch them by search, or say so where you show numbers",
    "disconnected": "nothing: birdfeed connects again",
    "connect_failed": "look at birdfeed if it goes on",
}
