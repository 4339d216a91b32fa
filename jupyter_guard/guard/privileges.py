"""An account, its environment and its configuration files -> what the session could do beyond an ordinary account.

Only local configuration is read: nothing is run, nobody is asked, and what a role may really do stays the provider's
secret. So a name decides (``role/Administrator``, ``prod-db``), and what has no telling name is not claimed.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from jupyter_guard.terms.privilege import Power, Privilege

MOST_READ: Final = 1_000_000
"""Bytes of a configuration file; a longer one is not one."""

_GROUPS: Final = {
    "sudo": "may become root (group sudo)",
    "wheel": "may become root (group wheel)",
    "admin": "may become root (group admin)",
    "docker": "may become root through the container engine (group docker)",
    "lxd": "may become root through the container engine (group lxd)",
    "libvirt": "may become root through virtual machines (group libvirt)",
    "disk": "may read and write the disks themselves (group disk)",
}
# Of capabilities(7): those that amount to root where files, processes or the machine are concerned.
_CAPABILITIES: Final = {
    1: "CAP_DAC_OVERRIDE",
    7: "CAP_SETUID",
    16: "CAP_SYS_MODULE",
    17: "CAP_SYS_RAWIO",
    19: "CAP_SYS_PTRACE",
    21: "CAP_SYS_ADMIN",
}
_ADMIN: Final = re.compile(
    r"(?<![a-z])(?:admin(?:istrator)?s?|super(?:user|admin)|root|owner|power[-_ ]?users?|cluster-admin)(?![a-z])"
    r"|Administrator|(?<![a-z])(?:account|system|sys|db|cloud)[-_]?admin",
    re.IGNORECASE,
)
_PRODUCTION: Final = re.compile(r"(?:^|[^a-z0-9])(?:prod|prd|production|live)(?:[^a-z]|$)", re.IGNORECASE)
_NOT_PRODUCTION: Final = re.compile(r"(?:^|[^a-z])(?:non|not|pre|no)[-_.]?prod", re.IGNORECASE)
_READER: Final = re.compile(
    r"(?:^|[^a-z])(?:ro|read|reader|readonly|read[-_]only|viewer|select)(?:[^a-z]|$)", re.IGNORECASE
)
_DATABASES: Final = re.compile(
    r"(?:postgres(?:ql)?|mysql|mariadb|mssql|oracle|redshift|snowflake|clickhouse|cockroachdb|mongodb|redis|rediss|vertica|"
    r"trino|presto|databricks|bigquery|cassandra|db2|hive|teradatasql)(?:\+[\w.]+)?$",
    re.IGNORECASE,
)


def sources(environment: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """The files that ``held`` reads. A change of one of them may change what the session holds."""
    aws = environment.get("AWS_CONFIG_FILE") or home / ".aws" / "config"
    gcloud = Path(environment.get("CLOUDSDK_CONFIG") or home / ".config" / "gcloud")
    google = environment.get("GOOGLE_APPLICATION_CREDENTIALS") or gcloud / "application_default_credentials.json"
    azure = Path(environment.get("AZURE_CONFIG_DIR") or home / ".azure")
    kube = (environment.get("KUBECONFIG") or str(home / ".kube" / "config")).split(os.pathsep)[0]
    return (
        Path(aws),
        Path(google),
        azure / "azureProfile.json",
        Path(environment.get("DATABRICKS_CONFIG_FILE") or home / ".databrickscfg"),
        Path(kube),
        Path(environment.get("PGPASSFILE") or home / ".pgpass"),
    )


def held(environment: Mapping[str, str], home: Path) -> tuple[Privilege, ...]:
    """What a process of this account with ``environment`` could do, as far as this machine tells.

    A file that is not there, cannot be read or is no such file tells nothing: never an error.
    """
    aws, google, azure, databricks, kube, pgpass = sources(environment, home)
    found = (
        *_machine(),
        *_aws(environment, aws),
        *_google(google),
        *_azure(environment, azure),
        *_databricks(environment, databricks),
        *_cluster(kube),
        *_databases(environment),
        *_postgres(environment, pgpass),
    )
    return tuple(dict.fromkeys(found))


def said(privileges: Sequence[Privilege]) -> tuple[str, ...]:
    """For people, in order, each power named."""
    return tuple(f"{one.power}: {one}" for one in privileges)


# --- the machine


def _machine() -> Iterator[Privilege]:
    if not hasattr(os, "geteuid"):
        return
    if os.geteuid() == 0:
        where = " of a container" if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists() else ""
        yield Privilege(Power.MACHINE, f"root{where}", "uid 0")
        return
    capabilities = _effective()
    names = [name for bit, name in _CAPABILITIES.items() if capabilities >> bit & 1]
    if names:
        yield Privilege(Power.MACHINE, f"holds {', '.join(names)}", "/proc/self/status")
    for name in _groups():
        if name in _GROUPS:
            yield Privilege(Power.MACHINE, _GROUPS[name])


def _groups() -> Iterator[str]:
    import grp

    for number in sorted({*os.getgroups(), os.getegid()}):
        try:
            yield grp.getgrgid(number).gr_name
        except KeyError:
            continue


def _effective() -> int:
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            return next((int(line.split()[1], 16) for line in file if line.startswith("CapEff:")), 0)
    except (OSError, ValueError, IndexError):
        return 0


# --- clouds


def _aws(environment: Mapping[str, str], path: Path) -> Iterator[Privilege]:
    profile = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
    sections = _ini(path)
    settings = sections.get(f"profile {profile}") or sections.get(profile) or {}
    for key in ("role_arn", "sso_role_name"):
        if _ADMIN.search(settings.get(key, "").rpartition("/")[2]):
            role = settings[key].rpartition("/")[2]
            yield Privilege(Power.CLOUD, f"AWS role {_short(role)}", f"profile {_short(profile)} in {path.name}")
            return
    role = environment.get("AWS_ROLE_ARN", "").rpartition("/")[2]
    if _ADMIN.search(role):
        yield Privilege(Power.CLOUD, f"AWS role {_short(role)}", "AWS_ROLE_ARN")
    elif _ADMIN.search(profile):
        yield Privilege(Power.CLOUD, f"AWS profile {_short(profile)}", "AWS_PROFILE")


def _google(path: Path) -> Iterator[Privilege]:
    content = _json(path)
    if isinstance(content, dict) and content.get("type") == "service_account":
        account = _short(str(content.get("client_email", "")).partition("@")[0])
        yield Privilege(Power.CLOUD, f"Google Cloud service account {account}".rstrip(), path.name)


def _azure(environment: Mapping[str, str], path: Path) -> Iterator[Privilege]:
    if environment.get("AZURE_CLIENT_ID") and (
        environment.get("AZURE_CLIENT_SECRET") or environment.get("AZURE_CLIENT_CERTIFICATE_PATH")
    ):
        yield Privilege(Power.CLOUD, "Azure service principal", "AZURE_CLIENT_ID")
        return
    content = _json(path)
    subscriptions = content.get("subscriptions") if isinstance(content, dict) else None
    for one in subscriptions if isinstance(subscriptions, list) else ():
        user = one.get("user") if isinstance(one, dict) and one.get("isDefault") else None
        if isinstance(user, dict) and user.get("type") == "servicePrincipal":
            yield Privilege(Power.CLOUD, f"Azure service principal in {_short(str(one.get('name', '')))}", path.name)


def _databricks(environment: Mapping[str, str], path: Path) -> Iterator[Privilege]:
    if environment.get("DATABRICKS_CLIENT_ID") and environment.get("DATABRICKS_CLIENT_SECRET"):
        yield Privilege(Power.CLOUD, "Databricks service principal", "DATABRICKS_CLIENT_ID")
        return
    profile = environment.get("DATABRICKS_CONFIG_PROFILE") or "DEFAULT"
    settings = _ini(path).get(profile, {})
    if "client_id" in settings and "client_secret" in settings:
        yield Privilege(Power.CLOUD, "Databricks service principal", f"profile {_short(profile)} in {path.name}")


_CURRENT: Final = re.compile(r"^current-context:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
_CONTEXT_USER: Final = re.compile(r"^\s+user:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)


def _cluster(path: Path) -> Iterator[Privilege]:
    # YAML that one program writes in one form: two of its lines are all that is needed.
    text = _text(path)
    current = _CURRENT.search(text)
    if current is None:
        return
    name = current[1]
    block = next((part for part in re.split(r"^- (?=context:)", text, flags=re.MULTILINE) if _named(part, name)), "")
    user = _CONTEXT_USER.search(block)
    who = user[1] if user else ""
    if _ADMIN.search(who) or _ADMIN.search(name):
        yield Privilege(Power.CLUSTER, f"Kubernetes context {_short(name)} as {_short(who) or 'its user'}", path.name)
    elif _is_production(name):
        yield Privilege(Power.CLUSTER, f"Kubernetes context {_short(name)}, production by its name", path.name)


def _named(block: str, name: str) -> bool:
    return re.search(rf"^\s*name:\s*[\"']?{re.escape(name)}[\"']?\s*$", block, re.MULTILINE) is not None


# --- databases


def _databases(environment: Mapping[str, str]) -> Iterator[Privilege]:
    for name, value in environment.items():
        if "://" not in value or len(value) > 4096:
            continue
        try:
            url = urlsplit(value)
            host, user = url.hostname or "", unquote(url.username or "")
        except ValueError:
            continue
        if _DATABASES.match(url.scheme):
            yield from _writable(host, url.path.strip("/"), user, name, read_only=_asks_to_read(url))


def _asks_to_read(url: SplitResult) -> bool:
    wanted = {key.lower(): values[-1].lower() for key, values in parse_qs(url.query).items()}
    options = wanted.get("options", "")
    return (
        "default_transaction_read_only=on" in options
        or wanted.get("readonly") in ("1", "true", "yes")
        or wanted.get("target_session_attrs") in ("read-only", "standby")
        or wanted.get("readpreference") in ("secondary", "secondarypreferred")
    )


def _postgres(environment: Mapping[str, str], path: Path) -> Iterator[Privilege]:
    options = environment.get("PGOPTIONS", "")
    host, database, user = (environment.get(name, "") for name in ("PGHOST", "PGDATABASE", "PGUSER"))
    yield from _writable(host, database, user, "PGHOST", read_only="default_transaction_read_only=on" in options)
    for line in _text(path).splitlines():
        parts = re.split(r"(?<!\\):", line.strip())
        if len(parts) == 5 and not line.startswith("#"):
            yield from _writable(parts[0], parts[2].strip("*"), parts[3].strip("*"), path.name)


def _writable(host: str, database: str, user: str, source: str, read_only: bool = False) -> Iterator[Privilege]:
    if read_only or _READER.search(user) or not (_is_production(host) or _is_production(database)):
        return
    where = "/".join(filter(None, (_short(host), _short(database.partition("?")[0]))))
    yield Privilege(Power.DATABASE, f"production database {where}{f' as {_short(user)}' if user else ''}", source)


def _is_production(name: str) -> bool:
    return _PRODUCTION.search(name) is not None and _NOT_PRODUCTION.search(name) is None


# --- files


def _text(path: Path) -> str:
    """A small regular file's text, ``""`` for whatever else stands there: a fifo would wait for a writer."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError):
        return ""
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_READ:
            return ""
        return os.read(descriptor, MOST_READ).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _json(path: Path) -> Any:
    try:
        return json.loads(_text(path).lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None


def _ini(path: Path) -> dict[str, dict[str, str]]:
    import configparser

    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return {}
    return {name: dict(parser.items(name)) for name in parser.sections()}


def _short(name: str) -> str:
    """A name as it can stand in a line."""
    clean = "".join(letter for letter in name if letter.isprintable())
    return clean if len(clean) <= 60 else clean[:59] + "…"
