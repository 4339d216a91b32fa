"""``%guard`` in a guarded kernel -> what the wrapper says about itself, its policy and its rules."""

NO_LINK = "This kernel is guarded from outside; on this system nothing inside it can talk to the guard."
USAGE = "usage: %guard status | explain [RULE] | policy | mask NAME"


def register(shell, link):
    """Make ``%guard`` known to ``shell``; the answers come over ``link``, which is ``None`` where there is none."""
    from IPython.core.error import UsageError

    def guard(line):
        """``%guard status``: what is on, and what was stopped, asked about and redacted so far.

        ``%guard explain``: the last card; ``%guard explain JG301``: that rule, with examples.
        ``%guard policy``: the policy in force and where it comes from.
        ``%guard mask NAME``: the value of the variable ``NAME`` is a secret from now on.
        """
        action, _, rest = (line.strip() or "status").partition(" ")
        rest = rest.strip()
        if action == "mask":
            if rest not in shell.user_ns:
                raise UsageError("%%guard mask: there is no variable %r. %s" % (rest, USAGE))
            mask(link, shell.user_ns[rest])
            print("The value of %s is redacted from now on." % rest)
        elif action in ("status", "explain", "policy"):
            print(NO_LINK if link is None else link.tell(action, rest))
        else:
            raise UsageError(USAGE)

    shell.register_magic_function(guard, "line", "guard")


def mask(link, value):
    """Have the text of ``value`` redacted from now on. Raises ``RuntimeError`` when the wrapper refuses."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, (bytes, bytearray)) else str(value)
    if link is None:
        raise RuntimeError(NO_LINK)
    link.mask(text, "masked value")
