"""Puts the records of one post together again, and drops those that come twice.

Every record has the header `birdfeed` = `epoch:sequence:previous:lanes`. Epoch and sequence are the message's place: the same in
all lanes, and never given twice to different messages. `lanes` says which lanes have got a record of it.
"""

from collections import OrderedDict

REMEMBERED = 100_000  # places of whole messages: what comes again after so many others is not known for a repeat
HELD = 10_000  # messages that wait for a record; then the oldest goes on without it (a dead letter, say)


class Joined:
    """Takes records, gives messages: (place, values by lane, receipts of its records)."""

    def __init__(self, lanes):
        self.lanes = set(lanes)  # those that are read
        self.held = OrderedDict()  # place -> (wanted lanes, values, receipts)
        self.done = OrderedDict()
        self.repeats = 0

    def take(self, header, lane, value, receipt):
        """Yields what is whole now. A receipt is whatever confirms a record: it is given back when that may be done."""
        epoch, sequence, _previous, lanes = header.split(":")
        place = f"{epoch}:{sequence}"
        wanted = self.lanes & set(lanes.split(","))
        if place in self.done:
            self.repeats += 1
            yield None, {}, [receipt]
            return
        wanted, values, receipts = self.held.setdefault(place, (wanted, {}, []))
        self.repeats += lane in values
        values[lane] = value
        receipts.append(receipt)
        if wanted <= values.keys():
            yield self._finish(place)
        elif len(self.held) > HELD:
            yield self._finish(next(iter(self.held)))

    def _finish(self, place):
        _wanted, values, receipts = self.held.pop(place)
        self.done[place] = None
        if len(self.done) > REMEMBERED:
            self.done.popitem(last=False)
        return place, values, receipts
