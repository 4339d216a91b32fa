"""Text that arrives in pieces -> the cells of secret columns in the tables that are printed in it.

A row is held until its line ends; nothing else is. What is taken out depends on the text alone.
"""

from __future__ import annotations

from jupyter_guard.scrub.spans import Found
from jupyter_guard.scrub.tables import ABOVE, COLUMN, EXACT_NAME, KIND, LONGEST_HEAD, LONGEST_ROW, Table, line_end


class Rows:
    """Follows the lines of a stream. ``named`` collects where a column's name may stand in what comes next.

    ``line`` is where the line starts that has not ended yet.
    """

    def __init__(self) -> None:
        self.named: list[int] = []
        self._table = Table()
        self.line = 0
        self._row_seen = -1  # up to where a row that is too long was taken out

    @property
    def busy(self) -> bool:
        """Whether a table is open, or a line goes on that may be the head of one."""
        return bool(self.named) or self._table.open

    def keep(self, size: int) -> int:
        """From where of a text of this ``size`` the lines are still needed."""
        return max(0, self.line - ABOVE) if size - self.line <= LONGEST_HEAD or self._table.open else size

    def moved(self, by: int) -> None:
        """The text begins ``by`` characters earlier: what is left of it, that many characters were dropped."""
        self.line += by
        if self.named:
            self.named = [at + by for at in self.named]
        if self._row_seen >= 0:
            self._row_seen += by

    def look(self, text: str, scanned: int, final: bool, found: list[Found]) -> int:
        """Add the cells in ``text``, new from ``scanned`` on, to ``found``; returns from where it is to be held."""
        size = len(text)
        if not self.named and not self._table.open:
            if 0 < scanned - self.line <= LONGEST_HEAD:
                self._look_at_first_line(text, scanned, final)
            if not self.named:
                # Ordinary output. No line ended between where this one starts and what was looked at before.
                ended = text.rfind("\n", scanned)
                carriage = text.rfind("\r", max(scanned, ended))
                if carriage > ended:
                    ended = carriage
                if ended >= 0:
                    self.line = ended + 1
                return size
        elif not self._table.open and self.line < scanned:
            self._look_at_first_line(text, scanned, final)
        if len(self.named) > 1:
            self.named.sort()
        while True:
            if self._table.open:
                hold = self._row(text, size, final, found)
            elif self.named:
                hold = self._head(text, size, final)
            else:
                self._begin_line(text, size)
                return size
            if hold >= 0:
                return hold

    def _begin_line(self, text: str, stop: int) -> None:
        """Where the line starts that ``text[:stop]`` ends in: before ``text``, where none starts in it."""
        start = max(0, self.line)
        ended = text.rfind("\n", start, stop)
        ended = max(ended, text.rfind("\r", max(start, ended), stop))
        if ended >= 0:
            self.line = ended + 1

    def _look_at_first_line(self, text: str, scanned: int, final: bool) -> None:
        """A line that began in an earlier piece: engines have seen only parts of it."""
        ended = line_end(text, scanned, final)
        if ended is None or ended[0] - self.line > LONGEST_HEAD:
            return
        low = text[self.line : ended[0]].lower()
        for name in COLUMN.keywords:
            at = low.find(name)
            while at >= 0:
                if EXACT_NAME.match(low, at):
                    # Any of them will do: all of the line is read.
                    self.named.append(min(self.line + at, ended[0]))
                    return
                at = low.find(name, at + 1)

    def _head(self, text: str, size: int, final: bool) -> int:
        name = self.named[0]
        if name < self.line:
            self.named.pop(0)
            return -1
        self._begin_line(text, name)
        ended = line_end(text, name, final)
        if ended is None:
            if size - self.line > LONGEST_HEAD:
                self.named.clear()
            return size
        if ended[0] - self.line <= LONGEST_HEAD:
            self._cells(text, self.line, ended[0])
        self.line = ended[1]
        self.named = [at for at in self.named if at >= self.line]
        return -1

    def _cells(self, text: str, line: int, stop: int) -> list[tuple[int, int]]:
        return self._table.cells(text[line:stop], text[max(0, line - ABOVE) : line])

    def _row(self, text: str, size: int, final: bool, found: list[Found]) -> int:
        ended = line_end(text, self.line, final)
        stop = ended[0] if ended is not None else size
        if stop - self.line > LONGEST_ROW:
            start = self._row_seen - 1 if self._row_seen >= 0 else self.line
            found.append(Found(max(0, start), stop, KIND, 1))
            self._row_seen = stop
            if ended is None:
                return size
        elif ended is None:
            return min(size, self.line)
        else:
            line = self.line
            found.extend(Found(line + a, line + b, KIND, 1) for a, b in self._cells(text, line, stop))
        self._row_seen = -1
        self.line = ended[1]
        self.named = [at for at in self.named if at >= self.line]
        return size if self.line >= size and final else -1
