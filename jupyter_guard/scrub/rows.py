"""Text that arrives in pieces -> the cells of secret columns in the tables that are printed in it.

A row is held until its line ends; nothing else is. What is taken out depends on the text alone.
"""

from __future__ import annotations

from jupyter_guard.scrub.spans import Found
from jupyter_guard.scrub.tables import EXACT_NAME, KIND, LONGEST_HEAD, LONGEST_ROW, NAMES, Table, line_end


class Rows:
    """Follows the lines of a stream. ``named`` collects where a column's name may stand in what comes next."""

    def __init__(self) -> None:
        self.named: list[int] = []
        self._table = Table()
        self._line = 0  # where the line starts that has not ended yet
        self._row_seen = -1  # up to where a row that is too long was taken out

    def keep(self, size: int) -> int:
        """From where of a text of this ``size`` the lines are still needed."""
        return self._line if size - self._line <= LONGEST_HEAD or self._table.open else size

    def moved(self, by: int) -> None:
        """The text begins ``by`` characters earlier: what is left of it, that many characters were dropped."""
        self._line += by
        if self.named:
            self.named = [at + by for at in self.named]
        if self._row_seen >= 0:
            self._row_seen += by

    def look(self, text: str, scanned: int, final: bool, found: list[Found]) -> int:
        """Add the cells in ``text``, new from ``scanned`` on, to ``found``; returns from where it is to be held."""
        size = len(text)
        if not self.named and not self._table.open:
            if self._line < scanned:
                self._look_at_first_line(text, scanned, final)
            if not self.named:
                # Ordinary output. No line ended between where this one starts and what was looked at before.
                ended = text.rfind("\n", scanned)
                carriage = text.rfind("\r", max(scanned, ended))
                if carriage > ended:
                    ended = carriage
                if ended >= 0:
                    self._line = ended + 1
                return size
        elif not self._table.open and self._line < scanned:
            self._look_at_first_line(text, scanned, final)
        if len(self.named) > 1:
            self.named.sort()
        while True:
            if self._table.open:
                hold = self._row(text, size, final, found)
            elif self.named:
                hold = self._head(text, size, final)
            else:
                start = max(0, self._line)
                feed = text.rfind("\n", start)
                self._line = max(feed, text.rfind("\r", max(feed, start)), self._line - 1) + 1
                return size
            if hold >= 0:
                return hold

    def _look_at_first_line(self, text: str, scanned: int, final: bool) -> None:
        """A line that began in an earlier piece: engines have seen only parts of it."""
        ended = line_end(text, scanned, final)
        if ended is None or ended[0] - self._line > LONGEST_HEAD:
            return
        low = text[self._line : ended[0]].lower()
        for name in NAMES:
            at = low.find(name)
            while at >= 0:
                if EXACT_NAME.match(low, at):
                    # Any of them will do: all of the line is read.
                    self.named.append(min(self._line + at, ended[0]))
                    return
                at = low.find(name, at + 1)

    def _head(self, text: str, size: int, final: bool) -> int:
        name = self.named[0]
        if name < self._line:
            self.named.pop(0)
            return -1
        start = max(0, self._line)
        self._line = max(text.rfind("\n", start, name), text.rfind("\r", start, name), self._line - 1) + 1
        ended = line_end(text, name, final)
        if ended is None:
            if size - self._line > LONGEST_HEAD:
                self.named.clear()
            return size
        if ended[0] - self._line <= LONGEST_HEAD:
            self._table.cells(text[self._line : ended[0]])
        self._line = ended[1]
        self.named = [at for at in self.named if at >= self._line]
        return -1

    def _row(self, text: str, size: int, final: bool, found: list[Found]) -> int:
        ended = line_end(text, self._line, final)
        stop = ended[0] if ended is not None else size
        if stop - self._line > LONGEST_ROW:
            start = self._row_seen - 1 if self._row_seen >= 0 else self._line
            found.append(Found(max(0, start), stop, KIND, 1))
            self._row_seen = stop
            if ended is None:
                return size
        elif ended is None:
            return min(size, self._line)
        else:
            line = self._line
            found.extend(Found(line + a, line + b, KIND, 1) for a, b in self._table.cells(text[line:stop]))
        self._row_seen = -1
        self._line = ended[1]
        self.named = [at for at in self.named if at >= self._line]
        return size if self._line >= size and final else -1
