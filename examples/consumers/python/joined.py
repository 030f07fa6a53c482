"""Puts the records of one post together again, and drops those that come twice.

Every record has the header `birdfeed` = `epoch:sequence:previous:lanes`. Epoch and sequence are the message's place: the same in
all lanes, and never given twice to different messages. `lanes` says which lanes have got a record of it.

One of them may stay away: it stands in `dead_letter`, or its lane lags, or it was confirmed before this program was last ended.
Then the message goes on without it, and alone what comes later: what you do with a message must bear that (an upsert by place does).
"""

import time
from collections import OrderedDict

REMEMBERED = 100_000  # places of whole messages: what comes again after so many others is not known for a repeat
HELD = 10_000  # messages that wait for a record at most; then the oldest goes on without it
WAIT = 60  # seconds that a message waits for a record; meanwhile nothing after it is confirmed


class Joined:
    """Takes records, gives messages: (place, values by lane, receipts of its records)."""

    def __init__(self, lanes, wait=WAIT):
        self.lanes = set(lanes)  # those that are read
        self.wait = wait
        self.held = OrderedDict()  # place -> (wanted lanes, values, receipts, since when)
        self.done = OrderedDict()  # place -> lanes that have come
        self.repeats = 0

    def take(self, header, lane, value, receipt):
        """Yields what is whole now. A receipt is whatever confirms a record: it is given back when that may be done."""
        epoch, sequence, _previous, lanes = header.split(":")
        place = f"{epoch}:{sequence}"
        wanted = self.lanes & set(lanes.split(","))
        if place in self.done:
            if lane in self.done[place]:
                self.repeats += 1
                yield None, {}, [receipt]
            else:
                self.done[place].add(lane)
                yield place, {lane: value}, [receipt]
            return
        wanted, values, receipts, _since = self.held.setdefault(place, (wanted, {}, [], time.monotonic()))
        self.repeats += lane in values
        values[lane] = value
        receipts.append(receipt)
        if wanted <= values.keys():
            yield self._finish(place)
        elif len(self.held) > HELD:
            yield self._finish(next(iter(self.held)))

    def late(self):
        """Yields what has waited long enough. To be called now and then, also when nothing comes."""
        while self.held and time.monotonic() - next(iter(self.held.values()))[3] > self.wait:
            yield self._finish(next(iter(self.held)))

    def _finish(self, place):
        _wanted, values, receipts, _since = self.held.pop(place)
        self.done[place] = set(values)
        if len(self.done) > REMEMBERED:
            self.done.popitem(last=False)
        return place, values, receipts
