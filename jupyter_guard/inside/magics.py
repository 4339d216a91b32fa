"""``%guard`` -> what guards this session, why a rule exists, what the policy says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class

if TYPE_CHECKING:
    from jupyter_guard.inside.host import Host

USAGE = "usage: %guard status | panel | explain [RULE] | policy | mask NAME"
COOPERATIVE = """\
What this mode cannot promise: it lives in the same process as your code, so code that wants to can switch it off;
programs started from a terminal session write to the terminal directly, past the scrubber; nothing isolates the
process. The kernel 'Guarded Python' guards from another process, and isolates where the policy asks for it."""
_ABSENT = object()


@magics_class
class GuardMagics(Magics):
    """The line magic ``%guard`` of a session that ``host`` guards; a guarded kernel has one of its own."""

    def __init__(self, shell: Any, host: Host) -> None:
        super().__init__(shell)
        self.host = host
        self.replaced: Any = _ABSENT

    @line_magic
    def guard(self, line: str) -> None:
        """``%guard status``: what is on, and what was stopped, asked about and redacted so far.

        ``%guard panel``: a table of what was found so far.
        ``%guard explain``: the last finding's rule; ``%guard explain JG301``: that rule, with examples.
        ``%guard policy``: the policy in force and where it comes from.
        ``%guard mask NAME``: the value of the variable ``NAME`` is a secret from now on.
        """
        action, _, rest = (line.strip() or "status").partition(" ")
        actions = {
            "status": self._status,
            "panel": self._panel,
            "explain": self._explain,
            "policy": self._policy,
            "mask": self._mask,
        }
        if action not in actions:
            raise UsageError(USAGE)
        actions[action](rest.strip())

    def _status(self, _rest: str) -> None:
        host = self.host
        counts, standing = host.counts, host.pipeline.standing
        print(f"jupyter_guard guards this session from inside. Policy {standing.policy}, mode {standing.mode}.")
        print(
            f"Cells: {counts['ran'] + counts['confirmed']} ran ({counts['warned']} with a warning, "
            f"{counts['confirmed']} after a question), {counts['blocked']} blocked, {counts['declined']} declined."
        )
        redacted = ", ".join(f"{count} {kind}" for kind, count in sorted(host.redactions.items()))
        print(f"Redacted: {redacted or 'nothing'}.")
        print(f"Privileges: {'; '.join(standing.privileges) or 'none beyond an ordinary account'}.")
        print(COOPERATIVE)

    def _panel(self, _rest: str) -> None:
        from IPython.display import display

        from jupyter_guard.guard.table import panel_table

        host = self.host
        head = [f"Guarded from inside: policy {host.pipeline.standing.policy}, {host.pipeline.standing.mode}."]
        display(panel_table(head, host.panel.reports, host.redactions), raw=True)  # type: ignore[no-untyped-call]

    def _explain(self, rule_id: str) -> None:
        if not rule_id:
            self._explain_last()
            return
        from jupyter_guard.guard.words import explain_rule

        try:
            print(explain_rule(rule_id))
        except LookupError as error:
            raise UsageError(str(error.args[0])) from None

    def _explain_last(self) -> None:
        print(self.host.last_card or "No card was shown in this session yet. %guard explain RULE explains a rule.")

    def _policy(self, _rest: str) -> None:
        from jupyter_guard.guard.words import policy_summary

        print(policy_summary(self.host.pipeline.workspace))

    def _mask(self, name: str) -> None:
        from jupyter_guard.inside.masking import learn

        names = self.shell.user_ns if self.shell is not None else {}
        if name not in names:
            raise UsageError(f"%guard mask: there is no variable {name!r}. {USAGE}")
        try:
            learn(names[name])
        except RuntimeError as error:
            raise UsageError(str(error)) from None
        print(f"The value of {name} is redacted from now on.")


def register(shell: Any, magics: GuardMagics) -> None:
    """Make ``%guard`` known to ``shell``."""
    magics.replaced = shell.magics_manager.magics["line"].get("guard", _ABSENT)
    shell.register_magics(magics)


def unregister(shell: Any, magics: GuardMagics) -> None:
    """Take ``%guard`` away again, and put back a magic of that name that was there before."""
    lines = shell.magics_manager.magics["line"]
    lines.pop("guard", None)
    if magics.replaced is not _ABSENT:
        lines["guard"] = magics.replaced
    shell.magics_manager.registry.pop(type(magics).__name__, None)
    shell.configurables[:] = [one for one in shell.configurables if one is not magics]
