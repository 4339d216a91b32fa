"""The words that stand beside a value, on a form or as a widget's description -> whether they ask for a secret."""

from __future__ import annotations

import re

_LONGEST = 80
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ASIDE = re.compile(r"<[^<>]{0,200}>|&\w{1,20};|\([^()]{0,60}\)|\[[^\[\]]{0,60}\]")
_APART = re.compile(r"[\W_]+")
_AFTER = r"(?: (?:here|again|please|required|optional|below|twice|value|field))*"
_KEYS = (
    "api access secret private signing encryption account license licence shared master auth service subscription "
    "webhook role"
)
_CODES = "one time,verification,security,recovery,backup,pin"
_NOUN = re.compile(
    r"(?:^|.* )(?:password|passwd|passphrase|passcode|pass phrase|pass code|pwd|userpass|secrets?|credentials?|apikey"
    rf"|pat|jwt|bearer|pin|(?:{_KEYS.replace(' ', '|')}) key|(?:{_CODES.replace(',', '|')}) code"
    r"|passwort|kennwort|contraseña|contrasena|senha|parola|mot de passe|wachtwoord|hasło|пароль"
    r"|密码|密碼|密钥|口令|パスワード|비밀번호)" + _AFTER
)
_TOKEN = re.compile(r"(?:(?P<before>.*) )?(?:auth|access|api|bearer|refresh|session|bot|security|oauth)?token" + _AFTER)
# Tokens of language models, and of parsers.
_OF_TEXT = re.compile(
    r"(?:^|.* )(?:max|min|stop|stopping|start|end|eos|bos|pad|padding|mask|masked|special|unk|unknown|sep|separator|cls"
    r"|next|previous|prompt|trigger|first|last|per|decoder|encoder|forced|image|text|word|added|extra|vocab|target|input"
    r"|output|sampled|predicted|placeholder|csrf)"
)
# What is done about passwords and asks for none.
_DONE = re.compile(
    r"(?:show|hide|forgot|forget|forgotten|reset|remember|remove|delete|generate|copy|send|lost|no|without|need) .*"
)


def says_secret(label: str) -> bool:
    """Whether ``label`` says that what stands beside it is a secret: `OpenAI API key:`, `accessToken`, `Password *`."""
    if len(label) > _LONGEST:
        return False
    words = _APART.sub(" ", _CAMEL.sub(" ", _ASIDE.sub(" ", label))).strip().lower()
    if not words or _DONE.fullmatch(words):
        return False
    if _NOUN.fullmatch(words):
        return True
    token = _TOKEN.fullmatch(words)
    return token is not None and _OF_TEXT.fullmatch(token["before"] or "") is None
