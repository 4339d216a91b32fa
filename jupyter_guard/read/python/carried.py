"""What is made of values that hold credentials, files or the environment -> the marks that it carries on."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_guard.read.python.acts import TAINTS, deep_marks
from jupyter_guard.read.python.secret_names import SECRET
from jupyter_guard.read.python.values import ENVIRON, HISTORY, NO_MARKS, Inst, Map, Seq, Value, derived

KEPT = TAINTS | {ENVIRON, HISTORY, SECRET}
# What writes all that it is given into its result: texts, bytes and tables.
CARRIERS = frozenset(
    """
    str repr format bytes bytearray builtins.str builtins.repr json.dumps yaml.dump yaml.safe_dump toml.dumps
    pprint.pformat pickle.dumps orjson.dumps ujson.dumps msgpack.packb urllib.parse.urlencode urllib.parse.quote
    urllib.parse.quote_plus base64.b64encode base64.urlsafe_b64encode base64.b32encode base64.b16encode base64.b85encode
    zlib.compress gzip.compress bz2.compress lzma.compress binascii.hexlify binascii.b2a_base64 io.BytesIO io.StringIO
    pandas.Series pandas.DataFrame polars.DataFrame polars.Series pyspark.sql.SparkSession.createDataFrame
    IPython.display.Markdown IPython.display.HTML
    IPython.display.Pretty IPython.display.Code IPython.display.JSON base64.b64decode textwrap.dedent textwrap.indent
    """.split()
)
# Methods of texts and tables that give the same in another form.
FORMS = frozenset(
    """
    encode decode strip lstrip rstrip replace format join lower upper hex to_frame to_string to_markdown to_json
    to_csv to_dict to_html sort_index sort_values head tail reset_index getvalue read tobytes rename rename_axis
    set_index transpose copy astype fillna dropna melt stack unstack reindex assign round sort limit to_list tolist
    to_records to_numpy to_pandas toPandas to_polars to_dicts to_series squeeze sample nlargest nsmallest
    """.split()
)
# What a table or text says of itself without its values: how many, of what kind, how long.
MEASURES = frozenset(
    """
    shape size ndim dtype dtypes columns index empty nbytes height width describe info count nunique isna isnull notna
    notnull memory_usage duplicated keys startswith endswith isdigit
    """.split()
)
# Methods that put what they are given into their object, which is sent as a whole later.
FILLERS = frozenset("attach add_attachment set_content set_payload add_alternative add_related".split())
_HELD = "__held__"


def carried(name: str, args: list[Value], named: Iterable[Value]) -> frozenset[str]:
    """The marks that the result of a call of ``name``, one of ``CARRIERS``, has because of what it is given holds."""
    if name.startswith("yaml.") and len(args) > 1:
        # Written into a stream, nothing is given back.
        return NO_MARKS
    marks = NO_MARKS
    for value in (*args, *named):
        marks |= deep_marks(value)
    return marks & KEPT


def of_form(method: str, owner: Value | None, callee: Value) -> frozenset[str]:
    """What ``owner.method()`` keeps of the whole environment, when it only gives the same in another form."""
    if method not in FORMS:
        return NO_MARKS
    return ((owner.marks if owner is not None else NO_MARKS) | callee.marks) & {
        ENVIRON,
        SECRET,
        "credential",
        "environment",
    }


def shown_in(value: Value) -> Value:
    """A value as a part of a text: a container shows what it holds."""
    if any(type(atom) in (Seq, Map) for atom in value.atoms):
        return value.marked(deep_marks(value) & KEPT)
    return value


def fill(method: str, owner: Value | None, values: Iterable[Value]) -> None:
    """Remember that an object (a message) holds what it was given."""
    if owner is None or method not in FILLERS:
        return
    given = derived(*values)
    if not given.marks & KEPT:
        return
    for atom in owner.atoms:
        if type(atom) is Inst:
            atom.attrs = atom.attrs or {}
            before = atom.attrs.get(_HELD)
            atom.attrs[_HELD] = given if before is None else derived(before, given)
