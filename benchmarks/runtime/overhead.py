"""What the watch costs -> the same cells in plain ipykernel and in a guarded kernel, in pairs, and the median ratio.

``python -m benchmarks.runtime.overhead [person|assistant]``. Processor time, measured within the cell. The work is cut
into many short rounds; in each both kernels do the same, in turn the one or the other first, so that a busy machine
slows down both, and the median of the ratios leaves out the rounds in which it did not. Files are opened in pieces of a
few milliseconds, of which the fastest counts: what else runs at the time only adds to one. So the fastest rounds of both
are compared too. A loop that opens nothing
tells how far two kernels are apart by chance. The guarded kernel is not isolated here; what that costs
``benchmarks.isolate`` measures. Where an assistant has written something its acts are judged; where only people have,
none are.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.runtime.session import Session, session

# Beginnings of cells; each prints the seconds of processor time that the rest took.
TIMED = "import time\nbegan = time.process_time()\n{}\nprint_seconds = time.process_time() - began\nprint_seconds"
# In pieces: the fastest, times their number.
PIECES = 10
IN_PIECES = (
    f"import time\nfound = []\nfor piece in range({PIECES}):\n    began = time.process_time()\n    {{}}\n"
    f"    found.append(time.process_time() - began)\nmin(found) * {PIECES}"
)
MODELS = """
import pandas, numpy, sqlite3
from sklearn.linear_model import LogisticRegression
rng = numpy.random.default_rng(0)
frame = pandas.DataFrame(rng.normal(size=(10_000, 6)), columns=list('abcdef'))
frame['group'] = (frame.a * 5).round()
frame.to_csv('frame.csv', index=False)
frame = pandas.read_csv('frame.csv')
means = frame.groupby('group').mean().merge(frame.groupby('group').std(), on='group')
with sqlite3.connect('frame.db') as base:
    means.to_sql('means', base, if_exists='append')
model = LogisticRegression().fit(frame[list('abcde')], frame.f > 0)
frame.sort_values(['b', 'c']).rolling(50, on='a').b.sum()
"""
# A name, the cell, and how often it is repeated.
WORK = (
    ("a loop that opens nothing", "for n in range(20_000): n * n", 50),
    ("100,000 files opened to read", "for n in range(200): open('read.txt').close()", 50),
    ("100,000 files opened to write", "for n in range(200): open('written.txt', 'w').close()", 50),
    ("100,000 times one of 2,000 files", "for n in range(200): open(f'many/{piece * 200 + n}.txt').close()", 50),
    ("2,000 files written, 50 times", "for n in range(200): open(f'many/{piece * 200 + n}.txt', 'w').close()", 50),
    ("pandas and scikit-learn", MODELS, 40),
)


def seconds(kernel: Session, work: str, assistant: bool) -> float:
    """Processor time of a cell, measured within it."""
    run = kernel.assistant if assistant else kernel.person
    outcome = run((TIMED if work is MODELS else IN_PIECES).format(work))
    if outcome.error:
        raise RuntimeError(f"{outcome.error}: {outcome.said}")
    return float(outcome.result)


def ratios(guarded: Session, plain: Session, work: str, rounds: int, assistant: bool) -> list[tuple[float, float]]:
    """Seconds in the guarded and in the plain kernel, a pair a round."""
    found = []
    # The first of each is for what is imported and read from the disk.
    for number in range(rounds + 1):
        pair = {}
        for kernel in (guarded, plain) if number % 2 else (plain, guarded):
            pair[kernel] = seconds(kernel, work, assistant)
        found.append((pair[guarded], pair[plain]))
    return found[1:]


def main(arguments: list[str]) -> int:
    """Run and report."""
    authors = [one for one in ("person", "assistant") if one in arguments or not arguments]
    with tempfile.TemporaryDirectory(prefix="overhead-", dir=Path.home()) as base:
        home, work = Path(base) / "home", Path(base) / "home" / "work"
        (work / "many").mkdir(parents=True)
        for number in range(2_000):
            (work / "many" / f"{number}.txt").touch()
        (work / "read.txt").write_text("read")
        # The user's own: a project's policy cannot name a backend.
        (home / ".jupyter").mkdir()
        (home / ".jupyter" / "jupyter_guard.toml").write_text('version = 1\n[isolation]\nbackend = "none"\n')
        with session(work, home, 120) as guarded, session(work, home, 120, "python3") as plain:
            for author in authors:
                for name, code, rounds in WORK:
                    pairs = ratios(guarded, plain, code, rounds, author == "assistant")
                    low, middle, high = statistics.quantiles((100 * (one / other - 1) for one, other in pairs), n=4)
                    best, plainly = (min(column) for column in zip(*pairs, strict=True))
                    print(
                        f"{name}, {author}'s: {1000 * plainly:.1f} ms plain at best, {100 * (best / plainly - 1):+.1f}%"
                        f" the fastest of each; in {rounds} pairs: {middle:+.1f}% (middle half {low:+.1f}% to {high:+.1f}%)",
                        flush=True,
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
