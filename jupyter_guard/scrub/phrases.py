"""Words in a row -> whether they are a passphrase, and no sentence about passwords."""

from __future__ import annotations

import re

from jupyter_guard.scrub.values import WORDS

_ALSO_SAID = frozenset(
    "your you please here new user users login log account again contact support only after before first there "
    "when same one all any every from into than then they them what which who how why where read write file files "
    "name random strong secure simple secret long short chars characters letters digits numbers numeric".split()
)

# Words of any sentence, and of `correct horse battery staple`.
_ANYWHERE = frozenset(
    "a i my we he she his her its our correct new old one all any every from into than then they them what which "
    "who how why where when same first before after again there is was for and or the with this that will can may "
    "has have are be to of in at by as if on it no not yes off long short read write".split()
)
_ABOUT_PASSWORDS = (WORDS | _ALSO_SAID) - _ANYWHERE | frozenset(
    "entered types typed use used uses using unlock unlocks phrase phrases keys least word words passwords "
    "provide provided specify specified choose chosen protect protects encrypt encrypts decrypt decrypts want "
    "wants needs needed given leave keep held kept store stores server client ask asks asked auth credentials "
    "credential".split()
)


def word_phrase(secret: str, _match: re.Match[str]) -> bool:
    """Words that no sentence about passwords is made of, as phrases for passwords are drawn from a list."""
    words = re.findall("[a-z]+", secret.lower())
    return len(words) >= 4 and len(set(words)) >= 3 and not any(word in WORDS or word in _ALSO_SAID for word in words)


def sentence_phrase(secret: str, _match: re.Match[str]) -> bool:
    """Four words or more right behind the name, none about passwords; three of five may be in any sentence."""
    words = re.findall("[a-z]+", secret.lower())
    told = {word for word in words if word not in _ANYWHERE}
    return len(words) >= 4 and len(told) >= 3 and 5 * len(told) >= 2 * len(words) and not told & _ABOUT_PASSWORDS
