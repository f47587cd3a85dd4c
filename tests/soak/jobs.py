"""The jobs of a soak: each has one number, and one end."""

import re

END = re.compile(r"OK: \d+ ms|Error: (Node is not available|Not found|timed out|interrupted)")


class Jobs:
    def __init__(self, figures):
        self.figures = figures
        self.latest, self.under_way = 0, set()

    def begin(self, number):
        """Whether that is the number of a new job."""
        self.figures.count["jobs"] += 1
        self.under_way.add(number)
        self.latest += 1
        return number == self.latest

    def end(self, number, text):
        self.figures.count["jobs that could not be done"] += text.startswith("Error")
        if number not in self.under_way or not END.fullmatch(text):
            self.figures.count["wrong replies"] += 1
            self.figures.complain(f"job {number}: {text}"
                                  f"{'' if number in self.under_way else ', which is not under way'}")
        self.under_way.discard(number)

    def check_all_ended(self):
        if self.under_way:
            self.figures.count["unanswered commands"] += len(self.under_way)
            self.figures.complain(f"jobs without an end: {sorted(self.under_way)}")
        self.under_way.clear()
