"""What a message costs birdfeed with bigger posts, more lanes, more sinks."""

from contenders import SPLIT, Contender, birdfeed
from measure import FLAT_OUT, Load, run

# Lanes as they are filled, the one that has every message first.
CASES = [
    ("posts of 4.1 KB, four lanes, one sink", Contender("", birdfeed()), "typical"),
    ("posts of 1.6 KB", Contender("", birdfeed(), ["tweets", "includes", "matching_rules"]), "small"),
    ("one lane", Contender("", birdfeed(["tweets"]), ["tweets"]), "typical"),
    ("a fifth lane, with the whole message", Contender("", birdfeed([*SPLIT, "responses"]), [*SPLIT, "responses"]), "typical"),
    ("two sinks", Contender("", birdfeed(sinks=2), copies=2), "typical"),
]


def run_all(broker, work, posts):
    """[(what, figures)]"""
    return [(what, run(broker, work, one, Load(FLAT_OUT, posts, size))) for what, one, size in CASES]
