"""A value -> whether it looks generated, chosen by a person, or only stands for a value: entropy, letters, placeholders."""

from __future__ import annotations

import math
import re
from collections import Counter

# Words that stand for a value in documentation and templates.
PLACEHOLDER = re.compile(
    r"x{4,}|\*{3,}|\.{3}|…|_{6,}|-{6,}|(?:^|[^a-z])(?:your|my|some|the|insert|enter|replace|change)[-_ ]?(?:me|my|own|secret|token|api|key|password|value|here|this|it)"
    r"|example|placeholder|redacted|removed|masked|hidden|sample|dummy|changeme|todo|fixme|lorem|not[-_]?a[-_]?(?:real|secret|uuid)|^not[-_ ]?set$"
    r"|too-?short|^<.*>$|^\[.*\]$|^\{.*\}$|^%.*%$|\$\{|\$\(|\{\{|<(?-i:[A-Z]?[a-z]{3,}(?:[_ -]?[A-Za-z][a-z]+)*|[A-Z]{3,}(?:[_ -][A-Z]+)*)>|^\$[A-Za-z_]|^%\(|^@|^env[.:\[]|^var\.|^process\.env|^os\.(?:environ|getenv)",
    re.IGNORECASE,
)
WORDS = frozenset(
    "none null nil true false undefined string str int integer number boolean bool required optional empty default password "
    "passwd passphrase secret token apikey api_key username user user_name admin test testing foo bar baz foobar value values key "
    "enabled disabled yes no on off unknown missing invalid incorrect wrong expired valid needed object array text "
    "hidden field input type any self bytes file prompt basic bearer digest function class return import from "
    "pass description title name label plaintext encrypted hashed stored reset change changed forgot forgotten confirm "
    "confirmation authentication authenticate authorization unset not is was for and or the with this that must should "
    "will can may has have are be to of in at by as if on it sent set get new old len max min length size count "
    "abc abcd abc123 1234 12345 123456 user_password userpassword mypassword accepted denied rejected failed failure error "
    "enter please provide choose leave your ok success successful generated generator correct reused protected policy manager salt hash strength".split()
)
_LONGEST_PLACEHOLDER = 64
"""In longer texts such words stand by chance, or to say whose token it is."""

UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")
METHOD = re.compile(
    # an attribute of a module: `requests.auth.get_token`, `windll.advapi32.OpenTokenEx`
    r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\.[a-z]+(?:_[a-z]+)+|[a-z_]+(?:\.[a-z_]+[0-9]{0,2})+\.(?:[A-Z][a-z]+)+[A-Z]?"
)
DOTTED = re.compile(r"[A-Za-z_]\w{0,24}(?:\.[A-Za-z_]\w{0,24}){2,}(?::\w+)?|[a-z_]{2,12}[0-9]{0,2}(?:\.[a-z_]{2,24})+")
_VOWELS = frozenset("aeiouyAEIOUY")
_UNSPEAKABLE = re.compile(r"[^aeiouy]{5}|[aeiou]{4}", re.IGNORECASE)
_TURNS = re.compile(r"[0-9]+|[A-Za-z]+")
_SPLIT = re.compile(r"[^0-9A-Za-z]+")
_RUNS = re.compile(r"[0-9]+|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]")
_LONG_RUNS = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z][a-z]{2,}|[A-Z]{4,}")
UNRANDOM = re.compile(
    r"\d{1,4}(?:[-/.:]\d{1,4}){2,}(?:[T ].*)?|(?:\d{1,3}\.){2,3}\d{1,4}|v?\d+(?:\.\d+)+[a-z0-9.+-]*|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?"
    r"|(?:https?|s3|gs|file|ftp|ws|wss)://.*|/[\w./@-]*|\.{1,2}/.*|~/.*|[A-Za-z]:\\.*|[\w.+-]+@[\w-]+\.[\w.]+|0x[0-9a-fA-F]{1,16}|arn:.*|[a-z]{2}-[a-z]+-[0-9]:.*|[0-9]{12}:.*"
    # what follows the user's name in /etc/passwd and /etc/shadow
    r"|[x*!]{0,2}:[0-9]+:[0-9]+:.*",
    re.IGNORECASE | re.DOTALL,
)


def entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    size = len(text)
    # To count them one after the other is quicker than to count all: they are few, and the order is that of the text.
    shares = [text.count(one) / size for one in dict.fromkeys(text)]
    return -sum([share * math.log2(share) for share in shares]) if size else 0.0


def stands_for_a_value(text: str) -> bool:
    """Whether ``text`` is a placeholder: a word of templates, a reference to a variable, one character repeated."""
    bare = text.strip("\"'`")
    if bare.lower() in WORDS or (len(bare) <= _LONGEST_PLACEHOLDER and PLACEHOLDER.search(bare)):
        return True
    most = Counter(bare).most_common(1)
    return not bare or most[0][1] > max(3, 0.6 * len(bare))


def looks_random(text: str) -> bool:
    """Whether ``text`` mixes kinds of characters as generated values do, and words, names, versions and dates do not."""
    if UNRANDOM.fullmatch(text):
        return False
    switches = odd = longest = 0
    for token in _SPLIT.split(text):
        runs = _RUNS.findall(token)
        switches += max(0, len(runs) - 1)
        digits = [run for run in runs if run[0].isdigit()]
        odd += sum(1 for run in runs if not run[0].isdigit() and (len(run) <= 2 or not _says(run)))
        # a year, a size or a version at the end of a word is no mixture
        if len(digits) == 1 and len(runs) <= 3:
            switches -= 1
        longest = max(longest, len(token))
    bits = entropy(text)
    if UUID.fullmatch(text):
        return bits >= 2.5
    if any(_alternates(token) for token in _SPLIT.split(text)) and bits >= 2.8:
        return True
    if longest >= 16 and bits >= 3.0 and ((switches >= 3 and odd >= 2) or _hexadecimal(text)):
        return True
    if switches >= 4 and odd >= 3 and bits >= 2.8:
        return True
    return longest >= 8 and switches >= 2 and odd >= 2 and bits >= 2.7 and any(c.isdigit() for c in text)


def reads_as_prose(text: str) -> bool:
    """Whether blanks are as near to each other as in sentences."""
    return text.count(" ") > len(text) / 10


def says_much(text: str) -> bool:
    """Whether more than half of the letters are in words, as in code, templates and sentences."""
    said = sum(len(run) for run in _LONG_RUNS.findall(text) if _says(run))
    return 2 * said > sum(map(str.isalpha, text))


def _alternates(token: str) -> bool:
    """Letters and digits that take turns five times, or that fill 32 characters: no word and no name does."""
    turns = len(_TURNS.findall(token)) - 1
    return (turns >= 5 and len(token) >= 12) or (turns >= 3 and len(token) >= 32)


def _says(run: str) -> bool:
    """A run of letters that could be said: vowels and consonants in the mixture of words."""
    vowels = sum(map(_VOWELS.__contains__, run))
    return 0.2 <= vowels / len(run) <= 0.75 and not _UNSPEAKABLE.search(run)


def _hexadecimal(text: str) -> bool:
    bare = text.replace("-", "")
    return (
        len(bare) >= 16
        and bool(re.fullmatch(r"[0-9a-f]+|[0-9A-F]+", bare))
        and not bare.isdigit()
        and not bare.isalpha()
    )


_COMMON_NAME = re.compile(
    r"(?:sha|md|aes|rsa|int|uint|float|utf|base|oauth|pbkdf|argon|iso|http|tls|ssl|py|python|ed|ec|win|id|web|ip)[-_]?[0-9].*"
    r"|[0-9]+(?:st|nd|rd|th|[a-z]{1,7}|-[a-z-]+)|.*\.(?:[a-z]{1,4}|[a-z]{2}[0-9]|ipynb|jsonl|parquet|feather|sqlite|pickle|config|local|internal)",
    re.IGNORECASE,
)


_MEASURED = re.compile(r"[a-z_]+[0-9]?=[-+]?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?[%a-z]{0,2}")
"""What a loop prints of itself: `loss=0.31`."""


def looks_chosen(secret: str) -> bool:
    """Words with numbers and signs, as people choose them: `Tulip-Sandal95`, and no `layer_12`, `ResNet50.pt`, `v1.2`."""
    bare = secret.rstrip(".,:!?")
    letters = sum(c.isalpha() for c in bare)
    digits = sum(c.isdigit() for c in bare)
    if len(secret) < 7 or letters < 3 or not digits or "://" in bare or "%s" in bare:
        return False
    if UNRANDOM.fullmatch(bare) or DOTTED.fullmatch(bare) or _COMMON_NAME.fullmatch(bare) or _MEASURED.fullmatch(bare):
        return False
    signs = set(re.sub(r"[\w./:-]", "", secret))
    odd = signs & set("[](){}<>$%&|=")
    cased = any(c.islower() for c in bare) and any(c.isupper() for c in bare)
    if "/" in bare or (odd and not re.fullmatch(r"[A-Za-z0-9]+[$%&=][A-Za-z0-9.!_-]+", bare)):
        return cased and digits >= 2 and re.fullmatch(r"[A-Za-z]{4,}[0-9]+[$%&=]", bare) is not None
    if signs:
        return letters >= 4 or cased
    return digits >= 2 and (cased or bool(re.fullmatch("[0-9]{2,}[a-z]{4,}[_.-][a-z]{4,}", bare)))
