"""Arrays whose dimensions are known -> their bytes; asking for more than a machine has is an effect."""

from __future__ import annotations

import ast
import math

from jupyter_guard.read.python.models_counts import SHAPE, length_of
from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.site import Site
from jupyter_guard.read.python.values import Const, Inst, Map, Name, Seq, Value, const, items_of
from jupyter_guard.terms import Certainty, Kind
from jupyter_guard.terms import Scope as Reach

MOST_BYTES = 100_000_000_000
MANY_ROWS = 1_000
"""Rows of a table that are worth remembering."""
_BYTES = {"int8": 1, "uint8": 1, "bool": 1, "bool_": 1, "int16": 2, "float16": 2, "half": 2, "bfloat16": 2,
          "int32": 4, "float32": 4, "float": 8, "int64": 8, "float64": 8, "double": 8, "complex128": 16}  # fmt: skip

# Where the dimensions stand: a number of a positional argument (or the keyword behind it), or each of them one.
_SHAPED: dict[str, dict[str, tuple[int, str] | str]] = {
    "numpy": {
        "zeros": (0, "shape"), "ones": (0, "shape"), "empty": (0, "shape"), "full": (0, "shape"),
        "random.rand": "each", "random.randn": "each",
        "random.random": (0, "size"), "random.random_sample": (0, "size"),
        "random.standard_normal": (0, "size"), "random.normal": (2, "size"), "random.uniform": (2, "size"),
        "random.randint": (2, "size"), "random.Generator.random": (0, "size"),
        "random.Generator.standard_normal": (0, "size"), "random.Generator.normal": (2, "size"),
        "random.Generator.uniform": (2, "size"), "random.Generator.integers": (2, "size"),
        "linspace": (2, "num"), "logspace": (2, "num"), "geomspace": (2, "num"), "identity": (0, "n"), "eye": (0, "N"),
    },
    "torch": {
        "zeros": "each", "ones": "each", "empty": "each", "rand": "each", "randn": "each", "full": (0, "size"),
    },
    "tensorflow": {"zeros": (0, "shape"), "ones": (0, "shape"), "random.normal": (0, "shape"),
                   "random.uniform": (0, "shape"), "fill": (0, "dims")},
}  # fmt: skip


def sized(run: Run, site: Site) -> Value | None:
    """Note what the array takes when that is beyond reach; it remembers its dimensions."""
    package = next((one for one in _OF_TWO if site.name.startswith(f"{one}.")), site.name.partition(".")[0])
    function = site.name.removeprefix(f"{package}.")
    where = _SHAPED[_SAME.get(package, package)][function]
    if isinstance(where, str):
        dims = _dimensions(site.args[0]) if len(site.args) == 1 else [_number(one) for one in site.args]
        if "size" in site.kwargs:
            dims = _dimensions(site.kwargs["size"])
    else:
        index, keyword = where
        given = site.args[index] if index < len(site.args) else site.kwargs.get(keyword)
        dims = _dimensions(given) if given is not None else []
    known = [one for one in dims if one is not None]
    if len(known) < len(dims) or not known:
        return None
    if package == "dask.array":
        # Nothing is anywhere yet.
        return array(known, "dask.array.Array")
    _taken(run, site, math.prod(known) * _item(site.kwargs.get("dtype"), package))
    return array(known)


def array(dims: list[int], type_: str = "numpy.ndarray") -> Value:
    """An array, or a table, of these dimensions."""
    made = Inst(type_)
    made.attrs = {SHAPE: Value((Seq([const(one) for one in dims], "tuple"),))}
    return Value((made,))


def rows(value: Value) -> int | None:
    """How many rows an array, a table or a list has, where that is known."""
    for atom in value.atoms:
        held = atom.attrs.get(SHAPE) if type(atom) is Inst and atom.attrs else None
        first = (items_of(held) or [])[:1] if held is not None else []
        if first:
            return _number(first[0])
    return length_of(value)


def all_pairs(run: Run, site: Site) -> Value | None:
    """Distances, products or joins of every row of one with every row of the other."""
    one = rows(site.args[0]) if site.args else rows(site.kwargs["X"]) if "X" in site.kwargs else None
    second = site.args[1] if len(site.args) > 1 else site.kwargs.get("Y")
    other = rows(second) if second is not None and second.only() is None else one
    if one is None or other is None:
        return None
    _taken(run, site, one * other * 8)
    return array([one, other])


def stepped(run: Run, site: Site) -> Value | None:
    """``numpy.arange(start, stop, step)``: how many numbers that is."""
    numbers = [one.only() for one in site.args[:3]]
    if not numbers or any(one is None or type(one.value) not in (int, float) for one in numbers):
        return None
    values = [one.value for one in numbers if one is not None]
    start, stop, step = (0, values[0], 1) if len(values) == 1 else (*values[:2], values[2] if len(values) > 2 else 1)
    if not step:
        return None
    count = max(0, math.ceil((stop - start) / step))
    _taken(run, site, count * 8)
    return array([count])


def gridded(run: Run, site: Site) -> Value | None:
    """``meshgrid``, ``ix_``, ``kron``: every number of one with every number of each other."""
    lengths = [_items(one) for one in site.args]
    if len(lengths) < 2 or any(one is None for one in lengths):
        return None
    total = math.prod(one for one in lengths if one is not None)
    _taken(run, site, total * 8)
    return None


def _items(value: Value) -> int | None:
    dims = _shape(value)
    return math.prod(dims) if dims is not None else rows(value)


def indexed(atom: Inst, key: Value) -> Value | None:
    """``x[:, None]`` of an array whose dimensions are known; ``None`` for any other key."""
    dims = _shape(Value((atom,)))
    parts = items_of(key) if len(key.atoms) == 1 and type(key.atoms[0]) is Seq else [key]
    if dims is None or parts is None:
        return None
    left = list(dims)
    made: list[int] = []
    for part in parts:
        only = part.only()
        if type(part.atoms[0] if part.atoms else None) is Name and part.atoms[0].dotted == "numpy.newaxis":  # type: ignore[union-attr]
            made.append(1)
        elif only is None:
            return None
        elif only.value is None:
            made.append(1)
        elif only.value == slice(None) and left:
            made.append(left.pop(0))
        else:
            return None
    return array([*made, *left])


def broadcast(run: Run, one: Value, other: Value, node: ast.AST) -> Value | None:
    """``x - y`` of arrays: each dimension as long as the longer of both; ``None`` where they are not known."""
    first, second = _shape(one), _shape(other)
    if first is None and second is None:
        return None
    if first is None or second is None:
        known, unknown = (one, other) if second is None else (other, one)
        return known if unknown.only() is not None else None
    longest = max(len(first), len(second))
    padded = [[1] * (longest - len(dims)) + dims for dims in (first, second)]
    if any(a != b and 1 not in (a, b) for a, b in zip(*padded, strict=True)):
        return None
    dims = [max(pair) for pair in zip(*padded, strict=True)]
    _taken(run, Site("*", [], {}, node), math.prod(dims) * 8)
    return array(dims)


def _shape(value: Value) -> list[int] | None:
    held = next((atom.attrs.get(SHAPE) for atom in value.atoms if type(atom) is Inst and atom.attrs), None)
    dims = [_number(one) for one in items_of(held) or []] if held is not None else []
    return [one for one in dims if one is not None] if dims and None not in dims else None


def condensed(run: Run, site: Site) -> Value | None:
    """``scipy.spatial.distance.pdist``: each pair once."""
    one = rows(site.args[0]) if site.args else None
    if one is None:
        return None
    _taken(run, site, one * one * 4)
    return array([one])


def framed(run: Run, site: Site) -> Value | None:
    """A table of as many rows as its columns have; ``None`` where they are not known."""
    del run
    type_ = "polars.DataFrame" if site.name.startswith("polars.") else "pandas.DataFrame"
    for atom in site.args[0].atoms if site.args else ():
        column = next(iter(atom.items.values()), None) if type(atom) is Map else Value((atom,))
        count = rows(column) if column is not None else None
        if count is not None and count > MANY_ROWS:
            return array([count], type_)
    return None


def merged(run: Run, site: Site) -> Value | None:
    """``left.merge(right, how="cross")``: every row with every other."""
    how = site.kwargs.get("how")
    only = how.only() if how is not None else None
    given = [one for one in (site.owner, *site.args[:2]) if one is not None]
    if only is None or only.value != "cross" or len(given) < 2:
        return None
    known = [one for one in map(rows, given) if one is not None]
    if not known:
        return None
    # Of one that is not known, at least a row.
    one, other = (known[0], known[1] if len(known) > 1 else 1)
    _taken(run, site, one * other * 16)
    table = next((atom.type for atom in given[0].atoms if type(atom) is Inst), "pandas.DataFrame")
    return array([one * other], table)


def ranged(run: Run, site: Site) -> Value | None:
    """``spark.range(n)``: a table of so many rows, none of which is anywhere yet."""
    del run
    numbers = [_number(one) for one in site.args[:2]]
    if not numbers or None in numbers:
        return None
    known = [one for one in numbers if one is not None]
    count = known[0] if len(known) == 1 else known[1] - known[0]
    return array([max(count, 0)], "pyspark.sql.DataFrame")


def fetched(run: Run, site: Site) -> Value | None:
    """``collect``, ``toPandas``: all rows are brought here."""
    count = rows(site.owner) if site.owner is not None else None
    if count is not None:
        _taken(run, site, count * 100)
    return None


def computed(run: Run, site: Site) -> Value | None:
    """``x.compute()``: all that was put off is made now."""
    dims = _shape(site.owner) if site.owner is not None else None
    if dims is None:
        return None
    _taken(run, site, math.prod(dims) * 8)
    return array(dims)


def like_first(run: Run, site: Site) -> Value | None:
    """``scaler.fit_transform(x)``: as many rows as ``x`` has."""
    del run
    count = rows(site.args[0]) if site.args else None
    return array([count]) if count is not None and count > MANY_ROWS else None


def held(run: Run, value: Value, times: float, node: ast.AST) -> None:
    """``times`` tables or arrays like ``value``, all kept."""
    count = rows(value) if any(type(atom) is Inst for atom in value.atoms) else None
    if count is not None and MANY_ROWS < times < math.inf:
        _taken(run, Site("for", [], {}, node), int(times) * count * 8)


def kept(run: Run, site: Site) -> Value | None:
    """``astype``, ``copy``: the same dimensions."""
    del run
    return site.owner if site.owner is not None and rows(site.owner) is not None else None


def _taken(run: Run, site: Site, count: int) -> None:
    if count > MOST_BYTES:
        run.emit(
            Kind.RESOURCE_EXHAUST,
            f"{count:,} bytes of memory",
            node=site.node,
            via=site.name,
            tags=("giant",),
            scope=Reach.SESSION,
            certainty=Certainty.CERTAIN,
        )


def _item(dtype: Value | None, package: str) -> int:
    """Bytes of an item; a kind that is not known takes the library's own default."""
    only = dtype.only() if dtype is not None else None
    name = ""
    if only is not None and isinstance(only.value, str):
        name = only.value
    elif dtype is not None and len(dtype.atoms) == 1 and type(dtype.atoms[0]) is Name:
        name = dtype.atoms[0].dotted.rpartition(".")[2]
    return _BYTES.get(name, 8 if package in ("numpy", "cupy") else 4)


def _dimensions(value: Value) -> list[int | None]:
    items = items_of(value)
    return [_number(value)] if items is None else [_number(one) for one in items]


def _number(value: Value) -> int | None:
    only = value.only()
    found = only.value if isinstance(only, Const) else None
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


_SAME = {"cupy": "numpy", "jax.numpy": "numpy", "dask.array": "numpy"}
_OF_TWO = ("jax.numpy", "dask.array")
# Of the same number of rows.
_AS_LONG = (
    "withColumn withColumns withColumnRenamed select selectExpr alias cache persist repartition orderBy sort".split()
)
_TRANSFORMERS = [
    *(f"preprocessing.{one}" for one in "StandardScaler MinMaxScaler MaxAbsScaler RobustScaler Normalizer".split()),
    *(f"preprocessing.{one}" for one in "QuantileTransformer PowerTransformer PolynomialFeatures".split()),
    *(f"decomposition.{one}" for one in "PCA TruncatedSVD IncrementalPCA NMF FastICA".split()),
    "impute.SimpleImputer",
]
MODELS = {
    f"{package}.{name}": sized
    for package, like in (
        *((one, "numpy") for one in ("numpy", "cupy", "jax.numpy", "dask.array")),
        *((one, one) for one in ("torch", "tensorflow")),
    )
    for name in _SHAPED[like]
} | {
    **dict.fromkeys(
        """
        sklearn.metrics.pairwise_distances sklearn.metrics.pairwise.pairwise_distances
        sklearn.metrics.pairwise.euclidean_distances sklearn.metrics.pairwise.cosine_similarity
        sklearn.metrics.pairwise.cosine_distances sklearn.metrics.pairwise.rbf_kernel
        sklearn.metrics.pairwise.pairwise_kernels sklearn.metrics.pairwise.linear_kernel
        scipy.spatial.distance.cdist scipy.spatial.distance_matrix numpy.outer torch.cdist
        scipy.spatial.distance.squareform
        """.split(),
        all_pairs,
    ),
    **dict.fromkeys("numpy.add.outer numpy.subtract.outer numpy.multiply.outer jax.numpy.outer".split(), all_pairs),
    "numpy.arange": stepped,
    **dict.fromkeys("numpy.meshgrid numpy.ix_ numpy.kron torch.meshgrid torch.outer".split(), gridded),
    "scipy.spatial.distance.pdist": condensed,
    "pandas.DataFrame": framed,
    "polars.DataFrame": framed,
    "polars.LazyFrame": framed,
    "pandas.DataFrame.merge": merged,
    "pandas.DataFrame.join": merged,
    "polars.DataFrame.join": merged,
    "polars.DataFrame.lazy": kept,
    "pandas.merge": merged,
    "dask.array.Array.compute": computed,
    "dask.array.Array.persist": computed,
    "dask.array.Array.rechunk": kept,
    "numpy.ndarray.astype": kept,
    "numpy.ndarray.copy": kept,
    "pyspark.sql.SparkSession.range": ranged,
    **dict.fromkeys([f"pyspark.sql.DataFrame.{one}" for one in _AS_LONG], kept),
    **dict.fromkeys([f"pyspark.sql.DataFrame.{one}" for one in ("collect", "toPandas", "tolist")], fetched),
    **{f"sklearn.{name}.{method}": like_first for name in _TRANSFORMERS for method in ("fit_transform", "transform")},
}
