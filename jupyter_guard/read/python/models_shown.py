"""What is printed and displayed -> credentials that are shown, and scripts that a page would run."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_guard.read.python import (
    models_objects,
)
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.secret_names import SECRET
from jupyter_guard.read.python.site import Site, arg
from jupyter_guard.read.python.values import (
    ANYTHING,
    ENVIRON,
    Map,
    Name,
    Value,
)
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach


def _print(run: Run, site: Site) -> None:
    if "file" in site.kwargs:
        return
    if "raw" in site.kwargs:
        raw = site.kwargs["raw"].only()
        if raw is None or raw.value:
            _in_the_page(run, site.args, site)
    show(run, [*site.args], site.node, site.name)


def _publish(run: Run, site: Site) -> None:
    _in_the_page(run, [arg(site, 0, "data")], site)
    show(run, [arg(site, 0, "data")], site.node, site.name)


# By what a page does with each kind of data, whoever makes it.
_DRAWN = {
    "application/javascript": "IPython.display.Javascript",
    "text/html": "IPython.display.HTML",
    "text/markdown": "IPython.display.HTML",
    "image/svg+xml": "IPython.display.HTML",
}


def _in_the_page(run: Run, bundles: Iterable[Value], site: Site) -> None:
    """Data by MIME type, as it stands: the same as the objects that are displayed as such."""
    from jupyter_guard.read.python.calls import call_name

    for bundle in bundles:
        for atom in bundle.atoms:
            for kind, data in atom.items.items() if type(atom) is Map else ():
                name = _DRAWN.get(kind)
                if name is not None:
                    call_name(run, Name(name), ANYTHING, [data], {}, site.node, False)


def show(run: Run, values: list[Value], node: object, via: str) -> None:
    """Values that end in an output: a credential among them is shown."""
    from jupyter_guard.read.python.acts import deep_marks

    for value in values:
        marks = deep_marks(value) | models_objects.printed(run, value, node)
        if "credential" in marks or ENVIRON in marks or SECRET in marks:
            run.emit(
                Kind.CREDENTIAL_READ,
                "the environment" if ENVIRON in marks or "environment" in marks else "",
                node=node,  # type: ignore[arg-type]
                via=via,
                tags=("show",),
                scope=Reach.SESSION if "environment" in marks else Reach.HOME,
                certainty=Certainty.CERTAIN if marks & {"credential", ENVIRON} else Certainty.LIKELY,
            )


def _table_shown(run: Run, site: Site) -> None:
    """``frame.show()``."""
    if site.owner is not None:
        show(run, [site.owner], site.node, site.name)


_PRINTERS = """
print display IPython.display.display pprint pprint.pprint pprint.pp rich.print rich.inspect rich.pretty.pprint
rich.console.Console.print rich.console.Console.log icecream.ic devtools.debug tqdm.tqdm.write
""".split()


MODELS = {
    **dict.fromkeys(_PRINTERS, _print),
    "IPython.display.publish_display_data": _publish,
    "IPython.core.displaypub.DisplayPublisher.publish": _publish,
    "pyspark.sql.DataFrame.show": _table_shown,
}
