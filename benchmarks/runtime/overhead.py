"""What the watch costs -> the same cells in plain ipykernel and in a guarded kernel, in turn, and the ratio of the fastest.

``python -m benchmarks.runtime.overhead [person|assistant]``. Processor time, measured within the cell, the
fastest of ten: whatever else the machine does only adds to it. The guarded kernel is not isolated here; what that costs
``benchmarks.isolate`` measures. Where an assistant has written something its acts are judged; where only people have,
none are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.runtime.session import Session, session

# A tenth of the files each, so that both kernels meet the same hours of a busy machine.
ROUNDS = 10
# Beginnings of cells; each prints the seconds of processor time that the rest took.
TIMED = "import time\nbegan = time.process_time()\n{}\nprint_seconds = time.process_time() - began\nprint_seconds"
WORK = {
    "100,000 files opened to read": "for _ in range(10_000):\n    open('read.txt').close()",
    "100,000 files opened to write": "for _ in range(10_000):\n    open('written.txt', 'w').close()",
    "pandas and scikit-learn": """
import pandas, numpy, sqlite3
from sklearn.linear_model import LogisticRegression
rng = numpy.random.default_rng(0)
for step in range(2):
    frame = pandas.DataFrame(rng.normal(size=(20_000, 6)), columns=list('abcdef'))
    frame['group'] = (frame.a * 5).round()
    frame.to_csv('frame.csv', index=False)
    frame = pandas.read_csv('frame.csv')
    means = frame.groupby('group').mean().merge(frame.groupby('group').std(), on='group')
    with sqlite3.connect('frame.db') as base:
        means.to_sql('means', base, if_exists='append')
    model = LogisticRegression().fit(frame[list('abcde')], frame.f > 0)
    frame.sort_values(['b', 'c']).rolling(50, on='a').b.sum()
""",
}


def seconds(kernel: Session, work: str, assistant: bool) -> float:
    """Processor time of a cell, measured within it."""
    run = kernel.assistant if assistant else kernel.person
    outcome = run(TIMED.format(work))
    if outcome.error:
        raise RuntimeError(f"{outcome.error}: {outcome.said}")
    return float(outcome.result)


def compare(guarded: Session, plain: Session, name: str, assistant: bool) -> None:
    """Print what one piece of work takes in both."""
    work = WORK[name]
    took: dict[Session, list[float]] = {guarded: [], plain: []}
    for kernel in (guarded, plain) * (ROUNDS + 1):
        took[kernel].append(seconds(kernel, work, assistant))
    # The first of each is for what is imported and read from the disk.
    with_it, without = (min(took[kernel][1:]) for kernel in (guarded, plain))
    author = "an assistant's" if assistant else "a person's"
    print(
        f"{name}, {author}: {without:.2f} s plain, {with_it:.2f} s guarded: {100 * (with_it / without - 1):+.1f}%",
        flush=True,
    )


def main(arguments: list[str]) -> int:
    """Run and report."""
    authors = [one for one in ("person", "assistant") if one in arguments or not arguments]
    with tempfile.TemporaryDirectory(prefix="overhead-", dir=Path.home()) as base:
        home, work = Path(base) / "home", Path(base) / "home" / "work"
        work.mkdir(parents=True)
        (work / "read.txt").write_text("read")
        (work / "jupyter_guard.toml").write_text('version = 1\n[isolation]\nbackend = "none"\n')
        with session(work, home, 120) as guarded, session(work, home, 120, "python3") as plain:
            for author in authors:
                for name in WORK:
                    compare(guarded, plain, name, author == "assistant")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
