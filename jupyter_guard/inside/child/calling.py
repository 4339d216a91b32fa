"""``tools.NAME(argument=...)`` in a guarded kernel -> the approved tool, which runs outside of this process.

Nothing is decided here: the guard outside knows which tools are approved, checks the arguments and asks whoever is to
be asked. Dependency-free, Python 3.8 or newer.
"""

import json
import time

# Short at first: most tools are quick.
_FIRST, _LONGEST = 0.01, 0.2
# The process's own one, once it is made.
tools = None
_ERRORS = {"arguments": TypeError, "unknown": AttributeError, "refused": PermissionError, "timeout": TimeoutError}


class ToolError(RuntimeError):
    """A tool was not run, or gave no result. ``why`` is one word for programs."""

    __module__ = "jupyter_guard.tools"
    why = "failed"


def _kind(why):
    # Also an error of the kind that Python has for it, so that it can be caught as that.
    base = _ERRORS.get(why)
    made = type("ToolError", (ToolError, base) if base else (ToolError,), {"__module__": "jupyter_guard.tools"})
    made.why = why
    return made


class Tools:
    """The approved tools, by their names."""

    __slots__ = ("_about", "_link")

    def __init__(self, link, about):
        self._link, self._about = link, about

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return Tool(self, name)

    def __dir__(self):
        return sorted(self._known())

    def __repr__(self):
        return "\n".join("%s: %s" % (one["call"], one["text"]) for one in self._known().values()) or "no approved tools"

    def _known(self):
        return self._asked({"op": "tools"})["tools"]

    def _asked(self, message):
        """What comes of a message about tools, once it is known. An interrupt ends the call."""
        begun = self._link.ask(dict(message, about=self._about()))
        if begun.get("ok") is not True:
            raise _kind(str(begun.get("why", "failed")))(str(begun.get("text", "the guard gave no answer")))
        number, pause = begun["call"], _FIRST
        try:
            while True:
                found = self._link.ask({"op": "tool-result", "call": number})
                if not found.get("pending"):
                    break
                time.sleep(pause)
                pause = min(2 * pause, _LONGEST)
        except BaseException:
            self._link.ask({"op": "tool-stop", "call": number})
            raise
        if found.get("ok") is not True:
            raise _kind(str(found.get("why", "failed")))(str(found.get("text", "the guard gave no answer")))
        return found["result"]


class Tool:
    """One approved tool: called with its arguments by their names."""

    __slots__ = ("__name__", "_tools")

    def __init__(self, all_of_them, name):
        self._tools, self.__name__ = all_of_them, name

    def __call__(self, *args, **kwargs):
        """Call it, and give its result."""
        if args:
            raise _kind("arguments")("tools.%s takes its arguments by their names" % self.__name__)
        try:
            packed = json.loads(json.dumps(kwargs))
        except (TypeError, ValueError) as error:
            raise _kind("arguments")(
                "tools.%s takes plain values: texts, numbers, lists, dicts (%s)" % (self.__name__, error)
            ) from None
        return self._tools._asked({"op": "tool", "name": self.__name__, "arguments": packed})

    @property
    def __doc__(self):
        found = self._tools._known().get(self.__name__)
        return "%s\n\n%s" % (found["call"], found["text"]) if found else None

    def __repr__(self):
        return "<tool %s>" % self.__name__


def start(link, about):
    """Make the tools known; ``about()`` is the id of the request that runs."""
    global tools
    tools = Tools(link, about)
