"""What a soak counts and measures, and how it is shown."""

import collections
import statistics

CALM, STARVED = "calm", "starved"


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def spread(values):
    if not values:
        return "none"
    parts = [f"{name} {1000 * percentile(values, part):.1f}"
             for name, part in (("p50", 0.5), ("p99", 0.99), ("max", 1))]
    return f"{len(values)}: " + ", ".join(parts) + " ms"


TOO_MUCH = 100  # complaints


class Hopeless(Exception):
    """So much is wrong that more of it would not tell anything."""


class Figures:
    def __init__(self):
        self.count = collections.Counter()
        self.replies = collections.Counter()
        self.samples = collections.defaultdict(list)
        self.sizes = []
        self.status = {}  # what the network says of itself at the end
        self.alarms = []  # what the watch has to judge later
        self.wrong = []

    def complain(self, text):
        """Something that must not be; all but the first few are only counted."""
        self.wrong.append(text)
        if len(self.wrong) <= 20:
            print(f"wrong: {text}", flush=True)
        if len(self.wrong) == TOO_MUCH:
            raise Hopeless(f"{TOO_MUCH} complaints")

    def lines(self):
        sizes = self.sizes or [0]
        yield "nodes at a time", f"{min(sizes)} to {max(sizes)}, mostly {statistics.mode(sizes)}"
        yield "commands", self.count["commands"]
        for name, value in self.status.items():
            yield f"status: {name}", value
        for reply, count in sorted(self.replies.items()):
            yield f"  {reply}", count
        for name in sorted(name for name in self.count if name.startswith("announced: ")):
            yield name, self.count[name]
        for name in ("jobs", "jobs that could not be done", "kills", "stops", "stops that were announced",
                     "stops that were too long, unannounced", "nodes created", "moves",
                     "phases of starvation", "checks of everything",
                     "stale sockets"):
            yield name, self.count[name]
        for name in sorted(self.samples):
            yield name, spread(self.samples[name])
        for name in ("false alarms", "false alarms while held up", "unanswered commands",
                     "wrong replies", "left behind"):
            yield name, self.count[name]
        yield "wrong in all", len(self.wrong)

    def show(self):
        for name, value in self.lines():
            print(f"{name:<44} {value}")
