"""Classes of the session -> their attributes, the library classes that they are built on, the table they stand for."""

from __future__ import annotations

from jupyter_guard.read.python.run import Run
from jupyter_guard.read.python.values import Class, Func, Name, Obj, Value


def is_member(cls: Class, found: Value) -> bool:
    """Whether an attribute is a member of an enumeration that has methods of its own: an object with a value."""
    if any(type(atom) in (Func, Class, Obj) for atom in found.atoms):
        return False
    methods = any(type(atom) is Func for one in cls.attrs.values() for atom in one.atoms)
    return methods and any(base.startswith("enum.") for base in library_bases(cls))


def table_of(cls: Class) -> str:
    """What the rows of a class are called: its own word for its table, or its name."""
    found = cls.attrs.get("__tablename__")
    only = found.only() if found is not None else None
    return only.value if only is not None and isinstance(only.value, str) else cls.name


def class_attribute(run: Run, cls: Class, name: str, depth: int = 0) -> Value | None:
    """An attribute of a class of the session or of its bases, or ``None``."""
    found = cls.attrs.get(name)
    if found is not None or depth > 8:
        return found
    for base in cls.bases:
        for atom in base.atoms:
            if type(atom) is Class:
                found = class_attribute(run, atom, name, depth + 1)
                if found is not None:
                    return found
    return None


def library_bases(cls: Class, depth: int = 0) -> list[str]:
    """The dotted names of the library classes that a class is built on."""
    found: list[str] = []
    for base in cls.bases:
        for atom in base.atoms:
            if type(atom) is Name:
                found.append(atom.dotted)
            elif type(atom) is Class and depth < 8:
                found += library_bases(atom, depth + 1)
    return found
