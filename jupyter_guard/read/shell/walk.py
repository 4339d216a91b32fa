"""Shell text -> its syntax tree -> the commands in it, in the order in which they run."""

from __future__ import annotations

import functools
import re
from typing import Any

from jupyter_guard.read.context import HOLE
from jupyter_guard.read.shell.run import run
from jupyter_guard.read.shell.state import Shell
from jupyter_guard.read.shell.streams import EMPTY, UNKNOWN, Stream, plain, sources
from jupyter_guard.read.shell.touched import file_effect
from jupyter_guard.read.shell.words import assigned, expand, expand_text
from jupyter_guard.terms import Kind, Scope

LONGEST = 200_000
DEEPEST = 150
_WAITS = re.compile(rb"\b(?:wait|kill|fg)\b|\$!")
# The name is bounded: a long word (base64) would be tried from each of its characters to its end.
_FORK_BOMB = re.compile(r"(\S{1,100})\s{0,9}\(\)\s*\{\s*\1\s*\|\s*\1\s*&\s*\}\s*;\s*\1")


@functools.cache
def _parser() -> Any:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


# Its last command prints for ever.
_ENDLESS = re.compile(r"(?:^|[|;&]\s*|\b(?:nohup|sudo|nice)\s+)(?:yes\b|cat\s+/dev/(?:zero|u?random)\b)[^|;&]*\Z")


def read_text(shell: Shell, text: str, stdin: Stream = EMPTY, seen: bool = False) -> Stream:
    """Run ``text`` in the reader's mind: effects go to ``shell``; what it prints comes back.

    What does not parse is an ``unread`` effect, and the parts that do are read all the same.
    """
    shell.spend(10 + len(text) // 20)
    if len(text) > LONGEST or _depth(text) > DEEPEST:
        shell.emit(shell.context.effect(Kind.UNREAD, via="sh"))
        return UNKNOWN
    bomb = _FORK_BOMB.search(text) if "()" in text else None
    if bomb:
        shell.bombs.add(bomb[1])
        tags = ("fork", "unbounded")
        shell.emit(
            shell.context.effect(Kind.RESOURCE_EXHAUST, "a fork bomb", via=bomb[1], scope=Scope.SYSTEM, tags=tags)
        )
    data = text.encode("utf-8", "surrogatepass")
    if text.isascii():
        tree = _parser().parse(data)
        doubtful = False
    else:
        tree = _parser().parse(_WIDE.sub(_stand_in, text).encode("utf-8", "surrogatepass"))
        doubtful = _WIDE_DELIMITER.search(text) is not None
    if (tree.root_node.has_error or doubtful) and not bomb:
        shell.emit(shell.context.effect(Kind.UNREAD, via="sh"))
    return _Walk(shell, data, seen).block(tree.root_node, stdin)


# The grammar's scanner asks C's isalnum() of every character, which is undefined beyond a byte: it reads outside of a
# table, and some characters (U+703B5 after a brace) crash the process. It is given letters of the same length instead;
# the words are taken from the text itself. Lone surrogates are no characters to it and stay.
_WIDE = re.compile(r"[^\x00-\xff\ud800-\udfff]")
# Two words may have the same stand-in, and only here would it matter.
_WIDE_DELIMITER = re.compile(r"(?<!<)<<(?!<)-?[ \t]*(?:\"[^\"\n]*|'[^'\n]*|[^\s;&|<>()\"']*)[^\x00-\xff\s;&|<>()\"']")


def _stand_in(found: re.Match[str]) -> str:
    """A word of ordinary letters that takes as many bytes in UTF-8 as the character."""
    number = ord(found[0])
    letter = chr(0xC0 | number & 0x3F)
    if number < 0x800:
        return letter
    return letter + (chr(ord("a") + (number >> 6) % 26) if number < 0x10000 else chr(0xC0 | number >> 6 & 0x3F))


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        if character in "({[":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")}]" and depth:
            depth -= 1
    return deepest


_FILTERS = frozenset("jq yq base64 base32 xxd cat tac tee head tail cut tr sed awk grep sort uniq rev nl fold".split())


class _Walk:
    """One pass over one text's tree."""

    def __init__(self, shell: Shell, data: bytes, seen: bool) -> None:
        self.shell = shell
        self.data = data
        self.seen = seen

    def _text(self, node: Any) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def block(self, node: Any, stdin: Stream = EMPTY) -> Stream:
        out = EMPTY
        for child in node.named_children:
            following = child.next_sibling
            if following is not None and following.type == "&" and not self._waits(following):
                self._left_behind(child)
            printed = self.visit(child, stdin)
            out = Stream((out.text + printed.text)[-100_000:], out.tags | printed.tags)
        return out

    def _waits(self, node: Any) -> bool:
        """Whether the text ends what runs beside it, or waits for it, after ``node``."""
        return _WAITS.search(self.data, node.end_byte) is not None

    def _left_behind(self, node: Any) -> None:
        if self.shell.bombs:
            return  # Told of already, as what it is.
        if node.type in ("command", "list", "pipeline", "subshell", "compound_statement", "redirected_statement"):
            target = " ".join(self._text(node).split())[:200]
            if target.startswith(("nohup ", "setsid ")):
                return  # These say so themselves.
            self.shell.emit(self.shell.context.effect(Kind.PROCESS_RUN, target, via="&", tags=("detached",)))

    def visit(self, node: Any, stdin: Stream = EMPTY) -> Stream:
        self.shell.spend(2)
        handler = getattr(self, f"_{node.type}", None)
        if handler is not None:
            return handler(node, stdin)  # type: ignore[no-any-return]
        if node.type in _LEAVES:
            return EMPTY
        return self.block(node, stdin)

    def _command(self, node: Any, stdin: Stream) -> Stream:
        shell = self.shell
        words: list[str] = []
        before: dict[str, str] = {}
        for child in node.children:
            if child.type == "variable_assignment":
                name, value = self._assignment(child)
                before[name] = value
            elif child.type in ("file_redirect", "herestring_redirect", "heredoc_redirect"):
                stdin = self._redirect(child, stdin)
            elif child.is_named or child.type in ("[", "test"):
                words += expand(self._text(child), shell)
        for name, value in before.items():
            shell.environment(name, value)
        if words and words[0] in shell.aliases:
            return read_text(shell, " ".join([shell.aliases[words[0]], *words[1:]]), stdin, self.seen)
        return run(shell, words, stdin, self.seen)

    def _assignment(self, node: Any) -> tuple[str, str]:
        name, _, value = self._text(node).partition("=")
        array = re.fullmatch(r"\((.*)\)", value, re.DOTALL)
        if array:
            return name, " ".join(expand(array[1], self.shell)) if len(array[1]) < 10_000 else HOLE
        return name.rstrip("+"), assigned(value, self.shell)

    def _variable_assignment(self, node: Any, _stdin: Stream) -> Stream:
        name, value = self._assignment(node)
        self.shell.environment(name, value)
        return EMPTY

    def _declaration_command(self, node: Any, _stdin: Stream) -> Stream:
        for child in node.named_children:
            if child.type == "variable_assignment":
                name, value = self._assignment(child)
                self.shell.environment(name, value)
        return EMPTY

    def _pipeline(self, node: Any, stdin: Stream) -> Stream:
        stream = stdin
        commands = [child for child in node.named_children if child.type != "comment"]
        seen = self.seen
        # From here on all that follows passes on what it is fed.
        passing = len(commands) - 1
        while seen and passing and self._passes_on(commands[passing]):
            passing -= 1
        for number, child in enumerate(commands):
            self.seen = seen and number >= passing
            stream = self.visit(child, stream)
        self.seen = seen
        return stream

    def _passes_on(self, node: Any) -> bool:
        """Whether a command of a pipeline prints what it is fed, in whole or in part, or decoded."""
        words = self._text(node).split()
        return (
            bool(words) and (words[0] in _FILTERS or words[:3] == ["python", "-m", "json.tool"]) and "-c" not in words
        )

    def _redirected_statement(self, node: Any, stdin: Stream) -> Stream:
        body = node.child_by_field_name("body")
        redirects = [child for child in node.named_children if child != body]
        into: list[Any] = []
        for child in redirects:
            if child.type in ("heredoc_redirect", "herestring_redirect") or (
                child.type == "file_redirect" and _operator(child) == "<"
            ):
                stdin = self._redirect(child, stdin)
            else:
                into.append(child)
        errors = [child for child in into if self._text(child).startswith("2>")]
        seen, self.seen = self.seen, self.seen and len(errors) == len(into)
        out = self.visit(body, stdin) if body is not None else EMPTY
        self.seen = seen
        if body is not None and _ENDLESS.search(self._text(body)):
            out = Stream(out.text, out.tags | {"unbounded"})
        for child in into:
            self._redirect(child, EMPTY if child in errors else out)
        for child in redirects:
            # `cat <<EOF | bash`: the rest of the pipeline stands inside the redirection.
            if child.type == "heredoc_redirect":
                for inner in child.named_children:
                    if inner.type == "pipeline":
                        out = self._pipeline(inner, out)
                    elif inner.type in ("command", "list", "redirected_statement"):
                        out = self.visit(inner, out)
                    elif inner.type == "file_redirect":
                        self._redirect(inner, out)
        return EMPTY if len(errors) < len(into) else out

    def _redirect(self, node: Any, stream: Stream) -> Stream:
        """What a redirection feeds to its command; one that writes is an effect, and remembers what it wrote."""
        shell = self.shell
        if node.type == "heredoc_redirect":
            start = next((one for one in node.children if one.type == "heredoc_start"), None)
            body = next((one for one in node.children if one.type == "heredoc_body"), None)
            text = self._text(body) if body is not None else ""
            quoted = start is not None and self._text(start)[:1] in "'\"\\"
            return Stream(text if quoted else expand_text(text, shell))
        if node.type == "herestring_redirect":
            inner = node.named_children
            return Stream(" ".join(expand(self._text(inner[0]), shell)) + "\n") if inner else EMPTY
        operator = _operator(node)
        where = node.child_by_field_name("destination")
        targets = expand(self._text(where), shell) if where is not None else []
        for target in targets[:4]:
            if target.isdigit() or target == "-":
                continue
            if operator.startswith("<"):
                kept = shell.content(target)
                shell.emit(file_effect(shell, Kind.FILE_READ, target, "<"))
                tag = sources(target) | {"from:file"}
                return kept or Stream(HOLE, frozenset(tag))
            if target.startswith(("/dev/tcp/", "/dev/udp/")):
                host = ":".join(target.split("/")[3:5])
                tags = sources(stream.text) | {"upload"}
                shell.emit(shell.context.effect(Kind.NETWORK_CONNECT, host, via="/dev/tcp", tags=tags | {"shell"}))
                shell.emit(
                    shell.context.effect(Kind.CODE_EXECUTE, host, via="/dev/tcp", tags={"from:network", "shell"})
                )
                continue
            how = {"append"} if operator.endswith(">>") else {"replace"}
            if "unbounded" in stream.tags and not target.startswith("/dev/"):
                how.add("unbounded")
            shell.emit(file_effect(shell, Kind.FILE_WRITE, target, operator, how | sources(stream.text)))
            tags = stream.tags - {"unbounded"}
            shell.context.wrote(plain(target), stream.text, tags, append="append" in how)
        return EMPTY if not operator.startswith("<") else UNKNOWN

    def _list(self, node: Any, stdin: Stream) -> Stream:
        return self.block(node, stdin)

    def _subshell(self, node: Any, stdin: Stream) -> Stream:
        shell = self.shell
        variables, context = dict(shell.variables), shell.context
        out = self.block(node, stdin)
        shell.variables, shell.context = variables, context
        return out

    def _if_statement(self, node: Any, stdin: Stream) -> Stream:
        out = EMPTY
        with self.shell.perhaps():
            for child in node.named_children:
                printed = self.visit(child, stdin)
                out = Stream(out.text + printed.text, out.tags | printed.tags)
        return out

    def _case_statement(self, node: Any, stdin: Stream) -> Stream:
        with self.shell.perhaps():
            return self.block(node, stdin)

    def _while_statement(self, node: Any, stdin: Stream) -> Stream:
        condition = node.child_by_field_name("condition")
        body = node.child_by_field_name("body")
        forever = condition is not None and self._text(condition).strip() in (
            "true",
            ":",
            "[ 1 ]",
            "[[ 1 ]]",
            "((1))",
            "1",
        )
        text = self._text(body) if body is not None else ""
        if forever and not re.search(r"\b(?:break|exit|return|sleep|wait|read|inotifywait)\b", text):
            tags = {"unbounded", *({"fork"} if "&" in text.replace("&&", "") else set())}
            self.shell.emit(
                self.shell.context.effect(Kind.RESOURCE_EXHAUST, "this machine's time", via="while true", tags=tags)
            )
        if condition is not None:
            reading = re.match(r"\s*(?:IFS=\S*\s+)?read\b(.*)", self._text(condition))
            for name in reading[1].split() if reading else ():
                if name.isidentifier():
                    self.shell.set(name, stdin.text.strip() or HOLE)
            self.visit(condition, stdin)
        return self.visit(body, stdin) if body is not None else EMPTY

    def _for_statement(self, node: Any, stdin: Stream) -> Stream:
        shell = self.shell
        variable = node.child_by_field_name("variable")
        body = node.child_by_field_name("body")
        words: list[str] = []
        for child in node.children_by_field_name("value"):
            words += expand(self._text(child), shell)
        name = self._text(variable) if variable is not None else ""
        out = EMPTY
        for word in words[:6] or [HOLE]:
            shell.set(name, word)
            out = self.visit(body, stdin) if body is not None else EMPTY
        return out

    def _function_definition(self, node: Any, _stdin: Stream) -> Stream:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name is not None and body is not None:
            text = self._text(body).strip()
            self.shell.functions[self._text(name)] = text[1:-1] if text.startswith("{") else text
        return EMPTY

    def _ERROR(self, node: Any, stdin: Stream) -> Stream:  # noqa: N802 - the grammar's own name
        return self.block(node, stdin)


_LEAVES = frozenset(
    (
        "comment",
        "word",
        "string",
        "raw_string",
        "number",
        "test_command",
        "variable_name",
        "heredoc_body",
        "heredoc_start",
    )
)


def _operator(node: Any) -> str:
    for child in node.children:
        if not child.is_named and any(one in child.type for one in "<>"):
            return str(child.type)
    return ">"
