"""A seed -> ordinary outputs of notebooks, made by running harmless code: what a scrubber must leave alone."""

from __future__ import annotations

import base64
import io
import json
import linecache
import random
import sys
import traceback
import uuid
from collections.abc import Callable
from pathlib import Path

from benchmarks.scrub.outputs import outputs

SEED = 7


def logs(size: int) -> str:
    """Lines of web servers, training loops and schedulers."""
    chance = random.Random(SEED)
    words = _words()
    out = []
    made = 0
    while made < size:
        stamp = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02} {chance.randint(0, 23):02}:{chance.randint(0, 59):02}:{chance.random() * 60:06.3f}"
        line = chance.choice(
            (
                f"{stamp} INFO {chance.choice(words)}.{chance.choice(words)}: {' '.join(chance.choices(words, k=9))}",
                f'10.{chance.randint(0, 255)}.3.7 - - [{stamp}] "GET /api/v1/{chance.choice(words)}?page={chance.randint(1, 99)} HTTP/1.1" 200 {chance.randint(9, 99999)}',
                f"step {chance.randint(0, 99999)} loss={chance.random():.4f} acc={chance.random():.3f} lr={chance.random() / 1000:.2e} tokens/s={chance.randint(100, 99999)}",
                f"[{stamp}] WARNING {chance.choice(words)}.py:{chance.randint(1, 999)} retry {chance.randint(1, 9)} of request {uuid.UUID(int=chance.getrandbits(128))}",
                f"INFO:root:max_tokens={chance.randint(1, 4096)} tokenizer=BertTokenizerFast pad_token_id={chance.randint(0, 9)} key={chance.choice(words)}",
                f"commit {chance.getrandbits(160):040x} {' '.join(chance.choices(words, k=5))}",
                f"Downloading {chance.choice(words)}-{chance.randint(0, 9)}.{chance.randint(0, 20)}.{chance.randint(0, 9)}-py3-none-any.whl ({chance.randint(9, 999)} kB) sha256:{chance.getrandbits(256):064x}",
                f"Authentication succeeded for user {chance.choice(words)}; session key rotated; password expires in {chance.randint(1, 90)} days",
            )
        )
        out.append(line)
        made += len(line) + 1
    return "\n".join(out)


def progress(size: int) -> str:
    """Progress bars as tqdm, pip and keras draw them."""
    out = []
    made = at = 0
    while made < size:
        done = at % 101
        bar = "█" * (done // 4) + " " * (25 - done // 4)
        line = f"\rEpoch {at // 101}: {done:3}%|{bar}| {done}/100 [00:{at % 60:02}<00:{59 - at % 60:02}, {at % 97 + 1.25:.2f}it/s, loss={1 / (at + 1):.4f}]"
        line += (
            f"\x1b[32m━━━━━━━━━━\x1b[0m {at % 97}.1/97.0 MB \x1b[31m{at % 31}.2 MB/s\x1b[0m eta \x1b[36m0:00:{at % 60:02}\x1b[0m"
            if at % 3 == 0
            else ""
        )
        out.append(line)
        made += len(line)
        at += 1
    return "".join(out)


def tables(size: int) -> str:
    """Data frames as HTML and as text."""
    import pandas as pd

    chance = random.Random(SEED + 1)
    words = _words()
    out = []
    made = 0
    while made < size:
        frame = pd.DataFrame(
            {
                "key": [chance.choice(words) for _ in range(60)],
                "user_id": [str(uuid.UUID(int=chance.getrandbits(128))) for _ in range(60)],
                "token_count": [chance.randint(1, 10**6) for _ in range(60)],
                "value": [chance.gauss(0, 1) for _ in range(60)],
                "email": [f"{chance.choice(words)}@{chance.choice(words)}.org" for _ in range(60)],
                "hash": [f"{chance.getrandbits(128):032x}" for _ in range(60)],
                "when": pd.date_range("2026-01-01", periods=60, freq="h"),
            }
        )
        text = frame.to_html() + "\n" + frame.to_string() + "\n" + str(frame.describe())
        out.append(text)
        made += len(text)
    return "\n".join(out)


def images(size: int) -> str:
    """PNG pictures in base64, in lines and in one."""
    chance = random.Random(SEED + 2)
    out = []
    made = 0
    while made < size:
        raw = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + chance.randbytes(chance.randint(20_000, 90_000))
        text = base64.b64encode(raw).decode() if chance.random() < 0.5 else base64.encodebytes(raw).decode()
        out.append(text)
        made += len(text)
    return "\n".join(out)


def documents(size: int) -> str:
    """JSON: API answers, plots, notebooks' metadata."""
    chance = random.Random(SEED + 3)
    words = _words()
    out = []
    made = 0
    while made < size:
        record = {
            "id": str(uuid.UUID(int=chance.getrandbits(128))),
            "key": f"{chance.choice(words)}/{chance.choice(words)}.csv",
            "etag": f"{chance.getrandbits(128):032x}",
            "next_page": chance.randint(1, 9),
            "keywords": chance.choices(words, k=4),
            "tokens": [chance.randint(0, 50000) for _ in range(12)],
            "special_tokens": {"pad_token": "[PAD]", "eos_token": "</s>", "mask_token": "<mask>"},
            "x": [round(chance.gauss(0, 1), 6) for _ in range(20)],
            "description": " ".join(chance.choices(words, k=20)),
            "sort_key": chance.choice(words),
            "password_reset_required": False,
            "auth": {
                "type": "oauth2",
                "token_url": "https://example.org/oauth/token",
                "scopes": chance.choices(words, k=2),
            },
        }
        text = json.dumps(record, indent=chance.choice((None, 2)))
        out.append(text)
        made += len(text)
    return "\n".join(out)


def tracebacks(size: int) -> str:
    """Real exceptions of real library code, with their source lines, coloured as IPython shows them."""
    chance = random.Random(SEED + 4)
    files = [
        path for path in sorted(Path(json.__file__).parent.parent.rglob("*.py")) if "site-packages" not in path.parts
    ]
    out = []
    made = 0
    while made < size:
        path = chance.choice(files)
        lines = linecache.getlines(str(path))
        if len(lines) < 20:
            continue
        at = chance.randrange(5, len(lines) - 5)
        shown = "".join(f"\x1b[32m{at + n:7}\x1b[39m {line}" for n, line in enumerate(lines[at - 5 : at + 5]))
        try:
            json.loads(lines[at])
        except ValueError:
            text = traceback.format_exc() + f"\x1b[36mFile {path}:{at}\x1b[39m\n{shown}\n"
            out.append(text)
            made += len(text)
    return "\n".join(out)


def help_texts(size: int) -> str:
    """What `help`, `dir` and `vars` print of installed libraries."""
    import pydoc

    out: list[str] = []
    made = 0
    names = [
        name
        for name in sorted(sys.stdlib_module_names)
        if not name.startswith("_")
        and name not in ("antigravity", "this", "idlelib", "tkinter", "turtle", "turtledemo")
    ]
    for name in [*names, "requests", "sqlalchemy", "boto3", "httpx", "pandas", "jupyter_client", "nbformat", "zmq"]:
        if made > size:
            break
        try:
            text = pydoc.plain(pydoc.render_doc(__import__(name)))
        except Exception:
            continue
        out.append(text)
        made += len(text)
    return "\n".join(out)


def cells(size: int) -> str:
    """The text of benign notebook cells, where the shared data is there."""
    import gzip

    out = io.StringIO()
    for path in sorted(Path("../shared/data/vet").rglob("*benign*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                record = json.loads(line)
                out.write("\n".join(record.get("cells") or [record.get("code") or record.get("source") or ""]) + "\n")
                if out.tell() > size:
                    return out.getvalue()
    return out.getvalue()


def _words() -> list[str]:
    text = (Path(json.__file__).parent.parent / "typing.py").read_text(encoding="utf-8")
    return sorted({word.strip(".,:()`'\"").lower() for word in text.split() if word.strip(".,:()`'\"").isalpha()})


CORPORA: dict[str, Callable[[int], str]] = {
    "logs": logs,
    "progress bars": progress,
    "tables": tables,
    "images": images,
    "documents": documents,
    "tracebacks": tracebacks,
    "help": help_texts,
    "cells": cells,
    "outputs": outputs,
}
