"""A spawner whose hooks have run -> the same with every setting of the lock again, whatever they did to it.

JupyterHub 6.1 starts a server after the authenticator's ``pre_spawn_start``, ``auth_state_hook``, ``group_overrides``,
``apply_user_options`` and ``pre_spawn_hook``, in this order (``jupyterhub/user.py``, ``User.spawn``). The lock's hook
is the last of them, and an administrator's own ``pre_spawn_hook`` runs within it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from traitlets.config import Config

from jupyter_guard.hub.filling import filled, policy_of, records_of, user_folder
from jupyter_guard.hub.place import make_ready
from jupyter_guard.hub.settings import LOADING, arguments, environment, goes_round, settings
from jupyter_guard.hub.spawners import KINDS, names_of, privileges_of


class Lock(NamedTuple):
    """What `enforce` was told."""

    policy: str
    groups: Mapping[str, str]
    python: str
    account: str
    records: str
    folders: bool

    def environment(self) -> dict[str, Any]:
        """The variables of a user's server: functions of his spawner."""
        ours: dict[str, Any] = {
            name: partial(filled, text=text, account=self.account) for name, text in environment(self.policy).items()
        }
        ours["JUPYTER_GUARD_POLICY"] = partial(policy_of, policy=self.policy, groups=self.groups)
        # Set for everybody: an administrator's variable of that name would show a user the records of all.
        ours["JUPYTER_GUARD_STORE"] = partial(records_of, records=self.records)
        return ours


async def before_spawning(spawner: Any, earlier: Any, lock: Lock) -> None:
    """What runs before each server starts: the administrator's own hook, then the lock again and the user's folders."""
    if earlier is not None:
        done = earlier(spawner)
        if hasattr(done, "__await__"):
            await done
    undone = keep(spawner, lock)
    if undone:
        spawner.log.warning(
            "jupyter_guard: a hook or a setting of the Hub would have changed the lock of %s's server and did not: %s",
            spawner.user.name,
            ", ".join(undone),
        )
    if lock.folders:
        make_ready(lock.account or user_folder(spawner), account_of(spawner))


def account_of(spawner: Any) -> str:
    """The system's account that runs a user's server."""
    template = getattr(spawner, "username_template", "")
    return str(spawner._expand_user_vars(template)) if template else str(spawner.user.name)


def keep(spawner: Any, lock: Lock) -> list[str]:
    """Set in ``spawner`` what does not hold of the lock; what that was, in words."""
    spawner.args, undone = _arguments(spawner.args, lock.account or user_folder(spawner))
    spawner.environment, names = _variables(spawner.environment, lock)
    undone += names
    kinds = names_of(type(spawner))
    own = [setting for kind in KINDS if kind.name in kinds for setting in kind.settings]
    # A kind's own setting stands for the one of all.
    wanted = {setting.trait.split(".")[1]: setting for setting in (*settings(lock.policy, lock.python), *own)}
    for trait, setting in wanted.items():
        if setting.trait.startswith("JupyterHub.") or trait in ("args", "environment"):
            continue
        if not setting.is_met_by(now := getattr(spawner, trait, None)):
            undone.append(f"{trait} was {now!r}")
            setattr(spawner, trait, privileges_of(now) if trait == "extra_host_config" else setting.value)
    return undone


def _arguments(given: list[str], folder: str) -> tuple[list[str], list[str]]:
    """Arguments with the lock's at the end and nothing beside them that sets the same; what was left out."""
    ours = [one.replace("{username}", folder) for one in arguments()]
    known = {*ours, *arguments()}
    kept: list[str] = []
    left_out: list[str] = []
    rest = [one for one in given if one not in known]
    while rest:
        one = rest.pop(0)
        if not goes_round(one):
            kept.append(one)
            continue
        left_out.append(f"the argument {one}")
        if "=" not in one and rest and not rest[0].startswith("-"):
            rest.pop(0)
    for one, told in zip(ours, arguments(), strict=True):
        if one not in given and told not in given:
            left_out.append(f"no argument {one}")
    return [*kept, *ours], left_out


def _variables(given: Mapping[str, Any], lock: Lock) -> tuple[dict[str, Any], list[str]]:
    """Variables with the lock's in the place of any others of these names, and none that loads something."""
    ours = lock.environment()
    others = {name: value for name, value in given.items() if name not in ours}
    loading = sorted(name for name in others if name.startswith(LOADING))
    changed = sorted(name for name, value in ours.items() if not _is_same(given.get(name), value))
    kept = {name: value for name, value in others.items() if name not in loading}
    return {**kept, **ours}, [f"the variable {name}" for name in (*loading, *changed)]


def _is_same(value: Any, ours: Any) -> bool:
    return isinstance(value, partial) and (value.func, value.keywords) == (ours.func, ours.keywords)


class SpawnerSection(Config):
    """A spawner's section of the configuration after `enforce`: a ``pre_spawn_hook`` that is set there runs in its own.

    What the Hub makes of the section is a copy, in which the hook stands as it was put together here.
    """

    @staticmethod
    def of(section: Config, lock: Lock) -> None:
        """Make a section one of these, in its place: somebody may hold it."""
        section.__class__ = SpawnerSection
        section.__dict__["lock"] = lock
        if (hook := section.get("pre_spawn_hook")) is not None:
            section["pre_spawn_hook"] = hook

    def __setitem__(self, key: str, value: Any) -> None:
        lock = self.__dict__.get("lock")
        if key == "pre_spawn_hook" and lock is not None:
            # Called twice, the later one's lock counts; the administrator's own hook stays.
            earlier = value.keywords["earlier"] if is_ours(value) else value
            value = partial(before_spawning, earlier=earlier, lock=lock)
        super().__setitem__(key, value)


def is_ours(hook: Any) -> bool:
    """Whether a ``pre_spawn_hook`` is the lock's, with or without an administrator's in it."""
    return isinstance(hook, partial) and hook.func is before_spawning
