"""The facts that an effect may carry in ``Effect.tags``, each with its meaning.

One list, so that readers, knowledge entries, rules and the documentation cannot drift apart: a tag that is not here
is refused where knowledge is loaded and by the tests.
"""

from __future__ import annotations

from typing import Final

TAGS: Final[dict[str, str]] = {
    # how much
    "recursive": "reaches everything below the target",
    "bulk": "reaches many items (a glob, a walk, a loop over a listing)",
    "no-where": "a DELETE or UPDATE without a condition that narrows it",
    "append": "adds to what is there instead of replacing it",
    "new-only": "fails when the target exists already",
    "replace": "replaces what is there",
    "removes": "takes a package away instead of bringing one",
    "self-made": "the target was made by the same code (a temporary directory, a table it created)",
    # where the input comes from; `from:X` on an effect says that its text or target flowed from X
    "from:network": "its input came from the network",
    "from:file": "its input came from a file",
    "from:private": "its input came from a file of somebody's home folder, outside of the workspace",
    "from:user": "its input was typed by the user at run time",
    "from:environment": "its input came from the environment",
    "from:credential": "its input is a credential or a private file",
    "from:model": "its input is a model's output",
    "from:database": "its input came from a database",
    # how
    "shell": "the text goes through a shell",
    "piped-to-interpreter": "downloaded text goes straight into an interpreter",
    "obfuscated": "the name or text was rebuilt at run time (encoding, reflection, concatenation of parts)",
    "reflection": "reached through attributes that climb out of an object (__subclasses__, __globals__, frames)",
    "dynamic": "the text that runs is not known before it runs",
    "deserialise": "rebuilding an object may run code that the data chooses",
    "unsafe-loader": "a loader that runs code where a safe one exists",
    "remote-code": "runs code that the far side publishes",
    "unpinned": "takes whatever version the far side has now",
    "ddl": "changes a schema",
    "stacked": "one of several statements in one text",
    "sql-injection": "SQL put together from text that is not constant",
    "os-command": "runs an operating-system command from inside a database",
    "no-verify": "the far side's certificate or host key is not checked",
    "no-timeout": "may wait for ever",
    "cleartext": "sent without encryption",
    "exfiltration": "private data leaves for the far side",
    "show": "the value is shown in an output",
    "startup": "the target is run at a later start (shell, Python, IPython, cron, git hook)",
    "credential-store": "the target is a place where credentials are kept",
    "guard-file": "the target belongs to the guard or to Jupyter's own machinery",
    "alias": "a built-in or library name now means something else",
    "detached": "outlives the cell or the kernel",
    "persist": "arranges to be run again",
    "unbounded": "has no end that the reader could find",
    "giant": "asks for more than a machine has",
    "fork": "multiplies processes or threads without bound",
    "storm": "starts more processes, threads or machines at once than anybody means to",
    "unvetted-api": "a destructive verb on an API that no knowledge describes",
    "possible": "only on some path, or only in a function that nothing calls yet",
    "download": "fetches from the network into a file",
    "upload": "sends to the far side",
    "permissions": "changes who may read, write or run the target",
    "alters-guarded-state": "changes Jupyter's, IPython's or the guard's own state",
    "weak": "a matter of quality more than of danger (weak hash, weak random)",
    "device": "the target is a device",
    "link": "makes a link to the target",
    "move": "moves the target away",
    "exclusive": "locks others out while it runs",
    "grants": "gives somebody rights",
    "server-setting": "changes a setting that holds for a whole database server",
    "debug-server": "starts a server whose debugger runs code",
    "template": "a template engine renders text that is not constant",
    "xml-entities": "an XML parser that resolves external entities",
    "archive-paths": "unpacks an archive whose member paths are not checked",
    "metadata-service": "the address is a cloud's instance metadata service",
    "raw": "raw packets, below what the operating system checks",
    "all-interfaces": "listens on every network interface",
}
