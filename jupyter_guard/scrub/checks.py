"""A candidate's text -> whether it can be a credential: entropy, placeholders, checksums, how values look in context.

A check has a name, by which token formats ask for it, and sees the secret and its place in the text around it. It
looks no further than the text that the shape has matched: what follows may not have arrived yet.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Callable

from jupyter_guard.scrub.letters import looks_lettered
from jupyter_guard.scrub.logins import connection, login_pair, no_template
from jupyter_guard.scrub.named import LOOK_BEHIND, apart, no_attribute, no_cursor
from jupyter_guard.scrub.phrases import sentence_phrase, word_phrase
from jupyter_guard.scrub.values import (
    DOTTED,
    METHOD,
    UNRANDOM,
    WORDS,
    entropy,
    looks_chosen,
    looks_random,
    reads_as_prose,
    says_much,
)

Check = Callable[[str, "re.Match[str]"], bool]

DIGIT_WITHIN = 64
_EARLY_DIGIT = re.compile(rf"[^0-9]{{0,{DIGIT_WITHIN - 1}}}[0-9]")

_CLASSES = re.compile(r"a-z|A-Z|0-9\W|\(\?[:P=!<]|\\[dwsb]")
"""Of regular expressions."""

_BEYOND_TOKENS = re.compile(r"[^\w.=+/~-]")

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _generated(secret: str, _match: re.Match[str]) -> bool:
    """A generated value has a digit early on, or letters no word has; engines use that to look at far fewer places."""
    if len(secret) < 8 or METHOD.fullmatch(secret):
        return False
    return (_EARLY_DIGIT.match(secret) is not None and looks_random(secret)) or _lettered(secret)


def _lettered(secret: str) -> bool:
    return looks_lettered(secret, DIGIT_WITHIN) and not DOTTED.fullmatch(secret)


def _generated_long(secret: str, _match: re.Match[str]) -> bool:
    return len(secret) >= 15 and (
        _generated(secret, _match) or (secret.isascii() and secret.isdigit() and len(set(secret)) >= 5)
    )


_ABOUT_PASSWORDS = re.compile(
    "forgot|reset|change|confirm|new|old|update|verify|user|invalid|wrong|enter|current|repeat|again|field|input|login|"
    "require|default|show|hide|strength|create|set|auth|recover|lost|hash|check|generate|random|error|form|page|name|"
    "valid|expire|manager|plugin|admin"
)


def _said(secret: str, match: re.Match[str]) -> bool:
    """Two to four ordinary words after exactly ``password = ``."""
    words = secret.split(" ")
    between = match.string[match.start() : match.start("secret")]
    return (
        2 <= len(words) <= 4
        and re.fullmatch(r"\s{0,3}=\s{0,3}[\"'`]", between) is not None
        and all(re.fullmatch("[a-z]{3,}", word) and word not in WORDS for word in words)
    )


def _generated_or_number(secret: str, match: re.Match[str]) -> bool:
    return _generated(secret, match) or _generated_long(secret, match)


def _password(secret: str, match: re.Match[str]) -> bool:
    quoted = match.string[match.start("secret") - 1] in "\"'`" if match.start("secret") else False
    if UNRANDOM.fullmatch(secret) and not secret.isdigit():
        return False
    if re.search(r",\s*\Z", match.string[match.start() : match.start("secret")]):
        # the next argument of a call
        return False
    if len(secret) < 4 or "://" in secret[:12] or DOTTED.fullmatch(secret):
        return False
    if match.string[max(0, match.start("secret") - 2) : match.start("secret")] in ('""', "''"):
        # an empty text, and what is done with it
        return False
    if re.fullmatch(r"[\w.\[\], ]+(?: \| [\w.\[\], ]+)+", secret):
        # a type, as `help` shows it
        return False
    if quoted and re.fullmatch(r"[a-z]{3,12}passw(?:or)?d[0-9]{0,4}", secret) and not _ABOUT_PASSWORDS.search(secret):
        return True
    if quoted and re.fullmatch(r"[a-z]{14,40}", secret) and not _ABOUT_PASSWORDS.search(secret):
        return True
    if re.search("passw|pwd", secret, re.IGNORECASE):
        return False
    if not quoted and re.fullmatch(r"!{1,2}[A-Za-z]+", secret):
        # a tag of YAML, as in `password: !vault |`
        return False
    if secret[0] in ",;:)+#":
        # a sign that code goes on with behind a quote
        return quoted and _generated_quoted(secret, match)
    if quoted and _said(secret, match):
        return True
    letters = any(c.isalpha() for c in secret)
    # Engines look for a sign as near as this.
    other = any(not c.isalpha() and c not in "_-./:" for c in secret[:DIGIT_WITHIN])
    if quoted and re.search(
        r"[\"'`]\s{0,3},\s{0,12}[bfru]{0,2}[\"'`]\Z", match.string[match.start() : match.start("secret")]
    ):
        # one name after another in a list of names
        return letters and other and not re.fullmatch(r"[a-z]+[0-9]?|[A-Za-z0-9]*_[a-z_0-9]+", secret)
    if quoted and re.fullmatch(r"[A-Z]+(?:_[A-Z]+)+", secret):
        # a constant's own name
        return False
    if quoted:
        return len(secret) >= 5 and not re.fullmatch(r"[A-Z][a-z]+(?: [a-z]+)*[.:!?]?|[\w.]+ [\w .]+", secret)
    if re.search(r"[\w.]+[(\[]", secret):
        return False
    if not other:
        return _lettered(secret)
    return len(secret) >= 6 and letters and not re.fullmatch(r"[a-z]+(?:[._-][a-z]+)*\d{0,1}[,.;:]?", secret)


# A section, a comment or a setting: what stands in the line before in a file of settings, and not in a program.
_SETTING = re.compile(r"\s*(?:\[[^\]]*\]|[#;/].*|-{3}|[\w.-]+\s*[=:]\s*[^\s()\[\]{}'\",;]*\s*)")
_IDENTIFIER = re.compile(r"[A-Z][A-Za-z0-9]*|[a-z]{1,7}|[A-Z_0-9]+|_.*|.*_|[a-z]+(?:[A-Z][a-z]*)+")


def _config_password(secret: str, match: re.Match[str]) -> bool:
    """An unquoted value in a file of settings, as the line before shows; in a program it would be a name."""
    at = match.start()
    before = match.string[max(0, at - LOOK_BEHIND) : at].split("\n")
    if len(before) == 1 and at > LOOK_BEHIND:
        return False
    if not re.fullmatch(r"\s*[\w.-]*", before[-1]):
        return False
    if len(before) > 1:
        whole = len(before) > 2 or at <= LOOK_BEHIND
        if not whole or (before[-2].strip() and not _SETTING.fullmatch(before[-2])):
            return False
    parts = re.split("[_-]", secret.lower())
    return (
        not _IDENTIFIER.fullmatch(secret)
        and not any(part in WORDS for part in parts)
        and any(c.isalpha() for c in secret)
        and not re.search("passw|pwd|secret|token|value|name|param|arg|input|config|setting", secret, re.IGNORECASE)
    )


def _symbols(secret: str, _match: re.Match[str]) -> bool:
    """Letters and signs that neither names nor paths nor templates have."""
    signs = sum(c in "#!@^*?~&+;`|=<>" for c in secret)
    return (
        signs >= 1 and sum(c.isalpha() for c in secret) >= 4 and not UNRANDOM.fullmatch(secret) and "://" not in secret
    )


def _base64_decoded(secret: str) -> str:
    """What base64 stands for, when that is text that can be printed; otherwise nothing."""
    bare = secret.rstrip("=")
    if len(secret) != len(bare) and len(secret) % 4:
        return ""
    try:
        text = binascii.a2b_base64(bare + "=" * (-len(bare) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text if all(c.isprintable() or c in "\r\n\t" for c in text) else ""


def _base64_login(secret: str, _match: re.Match[str]) -> bool:
    """``user:password`` in base64 (RFC 7617)."""
    user, colon, password = _base64_decoded(secret).partition(":")
    return bool(user or password) and colon == ":" and not any(c.isspace() for c in user) and len(user + password) >= 4


def _base64_text(secret: str, _match: re.Match[str]) -> bool:
    return bool(_base64_decoded(secret)) and len(secret) % 4 == 0


def _short_password(secret: str, _match: re.Match[str]) -> bool:
    """After a flag, a user name or in a URL, anything but a reference is a password."""
    return len(secret) >= 3 and len(set(secret)) > 1 and not re.fullmatch(r"-{1,2}[\w-]+", secret)


def _set_password(secret: str, _match: re.Match[str]) -> bool:
    """The value of a variable in capitals that is called a password."""
    return not UNRANDOM.fullmatch(secret) and any(c.isalpha() for c in secret) and secret[0] not in ",;:)+#-/."


def _generated_password(secret: str, match: re.Match[str]) -> bool:
    """A generated value, which may have signs: what no sentence, number or call has after a word like password."""
    bare = secret.rstrip(".,:!?")
    signed = re.search(r"[A-Za-z0-9][!#%*^~+$&@?]+[A-Za-z0-9]", bare) and re.search("[A-Z].*[a-z]|[a-z].*[A-Z]", bare)
    if len(bare) < 8 or "://" in bare or UNRANDOM.fullmatch(bare) or DOTTED.fullmatch(bare) or "%s" in bare:
        return False
    return (_EARLY_DIGIT.match(bare) is not None and bool(signed)) or _generated(bare, match)


def _generated_quoted(secret: str, _match: re.Match[str]) -> bool:
    """A mixture with signs and blanks, as only quotes allow them: no sentence, no code, no regular expression."""
    if reads_as_prose(secret):
        secret = secret.partition(" ")[0]
    if len(secret) < 8 or _EARLY_DIGIT.match(secret) is None or _CLASSES.search(secret):
        return False
    if _BEYOND_TOKENS.search(secret) is None or "://" in secret[:12] or UNRANDOM.fullmatch(secret):
        return False
    cased = any(c.isupper() for c in secret) and any(c.islower() for c in secret)
    return (cased or len(secret) >= 16) and entropy(secret) >= 2.4 and not says_much(secret)


def _generated_or_chosen(secret: str, match: re.Match[str]) -> bool:
    return _generated_password(secret, match) or looks_chosen(secret)


def _grouped(secret: str, _match: re.Match[str]) -> bool:
    """Groups of letters and digits as licences and recovery codes have them; of digits alone, more than dates have."""
    bare = secret.replace("-", "")
    return (
        sum(c.isdigit() for c in bare) >= 3
        and (any(c.isalpha() for c in bare) or secret.count("-") >= 5)
        and len(set(bare)) >= 6
    )


def _no_path(secret: str, _match: re.Match[str]) -> bool:
    """No file in a folder."""
    return not ("/" in secret and re.search(r"\.[a-z]{2,8}[0-9]?\Z", secret))


def _no_hash(secret: str, _match: re.Match[str]) -> bool:
    """No digest, and no UUID: what `key` is often followed by."""
    return not re.fullmatch(r"[0-9a-f-]+", secret)


def _no_uuid(secret: str, _match: re.Match[str]) -> bool:
    """No UUID: what tables have beside any word."""
    return not re.fullmatch(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", secret, re.IGNORECASE)


def _opaque(secret: str, _match: re.Match[str]) -> bool:
    """After the name of an authorization scheme: anything that is no word."""
    if UNRANDOM.fullmatch(secret) or DOTTED.fullmatch(secret):
        return False
    return (sum(c.isdigit() for c in secret) >= 2 and sum(c.isalpha() for c in secret) >= 4) or _lettered(secret)


def _numbers(secret: str, _match: re.Match[str]) -> bool:
    return sum(c.isdigit() for c in secret) >= 2


def _digit(secret: str, _match: re.Match[str]) -> bool:
    return any(c.isdigit() for c in secret)


def _mixed_case(secret: str, _match: re.Match[str]) -> bool:
    return any(c.isupper() for c in secret) and any(c.islower() for c in secret)


def _letters(secret: str, _match: re.Match[str]) -> bool:
    return any(c.isalpha() for c in secret)


def _base62(number: int, width: int) -> str:
    out = ""
    while number:
        number, rest = divmod(number, 62)
        out = _BASE62[rest] + out
    return out.rjust(width, "0")


def crc32_base62(text: str) -> str:
    """The six characters that GitHub and npm put at the end of a token (github.blog, 2021-04-05).

    >>> len(crc32_base62("abc"))
    6
    """
    return _base62(zlib.crc32(text.encode()), 6)


def _crc32(secret: str, _match: re.Match[str]) -> bool:
    return len(secret) > 6 and crc32_base62(secret[:-6]) == secret[-6:]


def _base64_json(secret: str, _match: re.Match[str]) -> bool:
    """The first part of a JSON web token is base64 of ``{"``."""
    head = secret.split(".")[0]
    try:
        decoded = binascii.a2b_base64(head[: len(head) // 4 * 4].replace("-", "+").replace("_", "/"))
    except binascii.Error:
        return False
    return b'"' in decoded[:40]


def _aws_account(secret: str, _match: re.Match[str]) -> bool:
    """Newer access key ids carry the account's number in base 32: the decoded digits are at most twelve."""
    body = secret[-16:].upper()
    if not re.fullmatch(r"[A-Z2-7]{16}", body):
        return True
    number = int.from_bytes(binascii.a2b_base64(_base32_as_base64(body))[:6], "big")
    return (number & 0x7FFFFFFFFF80) >> 7 < 10**12


def _base32_as_base64(body: str) -> str:
    bits = "".join(f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.index(c):05b}" for c in body)
    raw = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8))
    return binascii.b2a_base64(raw).decode()


def _no_word(secret: str, _match: re.Match[str]) -> bool:
    """What a value is compared with: more than one word, so no name of a kind or of a state."""
    return any(not c.isalpha() and c not in "_." for c in secret) and any(c.isalpha() for c in secret)


CHECKS: dict[str, Check] = {
    "no-cursor": no_cursor,
    "no-attribute": no_attribute,
    "no-word": _no_word,
    "generated": _generated,
    "generated-long": _generated_long,
    "generated-password": _generated_password,
    "generated-quoted": _generated_quoted,
    "generated-or-number": _generated_or_number,
    "generated-or-chosen": _generated_or_chosen,
    "grouped": _grouped,
    "word-phrase": word_phrase,
    "sentence-phrase": sentence_phrase,
    "login-pair": login_pair,
    "no-path": _no_path,
    "no-hash": _no_hash,
    "no-uuid": _no_uuid,
    "apart": apart,
    "password": _password,
    "given-password": _short_password,
    "connection": connection,
    "no-template": no_template,
    "set-password": _set_password,
    "opaque": _opaque,
    "numbers": _numbers,
    "digit": _digit,
    "config-password": _config_password,
    "symbols": _symbols,
    "base64-login": _base64_login,
    "base64-text": _base64_text,
    "mixed-case": _mixed_case,
    "letters": _letters,
    "crc32-base62": _crc32,
    "base64-json": _base64_json,
    "aws-account": _aws_account,
}
