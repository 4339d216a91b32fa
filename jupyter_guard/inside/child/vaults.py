"""A library that reads secrets managers -> the same library, and what it reads is a known secret from then on.

Run by path, in whatever environment the kernel has. A library is changed when it is imported and not before: a finder
waits for the module that reads. What its functions return stays as it was. Variables of the environment that this
process sets go the same way: whoever is told decides by the name.
"""

from __future__ import annotations

import base64
import functools
import json
import sys
import warnings
from typing import Any

SHORTEST = 4
MOST_VALUES = 200

READ = "secrets manager"

# What an answer of Amazon's services has, by service and operation (botocore's service models).
AMAZON = {
    ("secretsmanager", "GetSecretValue"): ("SecretString", "SecretBinary"),
    ("secretsmanager", "BatchGetSecretValue"): ("SecretString", "SecretBinary"),
    ("secretsmanager", "GetRandomPassword"): ("RandomPassword",),
    ("sts", "AssumeRole"): ("SecretAccessKey", "SessionToken"),
    ("sts", "AssumeRoleWithWebIdentity"): ("SecretAccessKey", "SessionToken"),
    ("sts", "GetSessionToken"): ("SecretAccessKey", "SessionToken"),
    ("sts", "GetFederationToken"): ("SecretAccessKey", "SessionToken"),
    ("ecr", "GetAuthorizationToken"): ("authorizationToken",),
    ("ecr-public", "GetAuthorizationToken"): ("authorizationToken",),
    ("codeartifact", "GetAuthorizationToken"): ("authorizationToken",),
    ("kms", "Decrypt"): ("Plaintext",),
    ("kms", "GenerateDataKey"): ("Plaintext",),
    ("kms", "GenerateDataKeyPair"): ("PrivateKeyPlaintext",),
    ("iam", "CreateAccessKey"): ("SecretAccessKey",),
    ("redshift", "GetClusterCredentials"): ("DbPassword",),
    ("cognito-identity", "GetCredentialsForIdentity"): ("SecretKey", "SessionToken"),
}
PARAMETERS = ("GetParameter", "GetParameters", "GetParametersByPath", "GetParameterHistory")

# What does not happen with a library that is built in another way than its changes are made for.
READS = "what it reads is not redacted. mask(value) does it by hand"
STATEMENTS = "its statements are not judged when they are executed, only where a cell says them"
CALLS = "what it hands to other processes is not judged, and who hands something to a thread is not known"

_learn: Any = None
# By the names of modules.
_words: dict[str, str] = {}
# What changes which module, once `start` has said so.
_changes: dict[str, Any] = {}


def start(learn: Any, statements: Any = (), calls: Any = ()) -> None:
    """Call ``learn(value, kind, name)`` with each text that is read from now on; raises what ``learn`` raises.

    ``statements`` and ``calls`` are other modules to change when they are imported: functions of the module, by its
    name.
    """
    global _learn
    _learn = learn
    _changes.update(READERS)
    for more, words in ((statements, STATEMENTS), (calls, CALLS)):
        _changes.update(more)
        _words.update(dict.fromkeys(more, words))
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
    for name, change in _changes.items():
        if name in sys.modules:
            _changed(change, sys.modules[name])


def stop() -> None:
    """Tell nobody any more; what was changed stays so and does nothing."""
    global _learn
    _learn = None
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Finder)]


def read(value: Any, kind: str = READ, name: str = "") -> None:
    """A value was read: itself, and the texts in it where it is JSON, are secrets."""
    if _learn is not None:
        for text in texts(value):
            _learn(text, kind, name)


class Finder:
    """Finds the modules that are to be changed as others do, and changes each when it has been run."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The module's spec as the other finders give it; nothing for any other module."""
        change = _changes.get(name)
        if change is None:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec: Any = finder.find_spec(name, path, target)
            if spec is not None:
                run = getattr(spec.loader, "exec_module", None)
                if run is not None:
                    spec.loader.exec_module = functools.partial(_run, run, change)
                return spec
        return None


def _run(run: Any, change: Any, module: Any) -> None:
    run(module)
    _changed(change, module)


def _changed(change: Any, module: Any) -> None:
    """Have ``change`` put its functions around those of ``module``."""
    try:
        change(module)
    except (AttributeError, KeyError, TypeError) as error:
        # Some are written in C, and cannot be changed.
        warnings.warn(
            "jupyter_guard: %s is not built as expected (%s): %s."
            % (module.__name__, error, _words.get(module.__name__, READS)),
            RuntimeWarning,
            stacklevel=2,
        )


def texts(value: Any) -> list[str]:
    """The texts in ``value``, which may be bytes, a dictionary, or JSON: whole ones first, each once."""
    found = []
    if isinstance(value, (bytes, bytearray)):
        raw = bytes(value)
        try:
            value = raw.decode("utf-8")
        except UnicodeDecodeError:
            # A key: seen as bytes, or as what bytes are commonly written as.
            return [repr(raw)[2:-1], raw.decode("latin-1"), base64.b64encode(raw).decode(), raw.hex()]
    if isinstance(value, str):
        found.append(value)
        if value.lstrip()[:1] in ("{", "["):
            try:
                value = json.loads(value)
            except ValueError:
                return found
    left = [value] if isinstance(value, (dict, list)) else []
    while left and len(found) < MOST_VALUES:
        one = left.pop()
        if isinstance(one, dict):
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
        elif isinstance(one, str) and len(one) >= SHORTEST and one not in found:
            found.append(one)
    return [text for text in found if len(text) >= SHORTEST]


def _put(owner: Any, name: str, make: Any) -> None:
    """Replace a function by what ``make`` makes of it, once."""
    function = getattr(owner, name)
    if getattr(function, "_guard_reads", False):
        return
    made: Any = functools.wraps(function)(make(function))
    made._guard_reads = True
    setattr(owner, name, made)


def _after(owner: Any, name: str, take: Any) -> None:
    """Call ``take(result)`` whenever the function ``name`` of ``owner`` returns."""

    def make(function: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            take(result)
            return result

        return called

    _put(owner, name, make)


def _amazon(module: Any) -> None:
    """``botocore.client``: every client of boto3, aioboto3 left alone, calls one function."""

    def make(function: Any) -> Any:
        def _make_api_call(self: Any, operation_name: str, api_params: Any) -> Any:
            answer = function(self, operation_name, api_params)
            service = self.meta.service_model.service_name
            wanted = AMAZON.get((service, operation_name), ())
            secure = service == "ssm" and operation_name in PARAMETERS
            if wanted or secure:
                for value in _fields(answer, wanted, secure):
                    read(value)
            return answer

        return _make_api_call

    _put(module.BaseClient, "_make_api_call", make)


def _fields(answer: Any, wanted: Any, secure: bool) -> Any:
    left = [answer]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            for key, value in one.items():
                if key in wanted or (secure and key == "Value" and one.get("Type") == "SecureString"):
                    yield value
                elif isinstance(value, (dict, list)):
                    left.append(value)
        elif isinstance(one, list):
            left.extend(one)


def _vault(module: Any) -> None:
    """``hvac.adapters``: every answer of HashiCorp Vault comes through one function, as a dictionary."""

    def make(function: Any) -> Any:
        def request(self: Any, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
            answer = function(self, method, url, *args, **kwargs)
            if isinstance(answer, dict):
                data = answer.get("data")
                if isinstance(data, dict) and str(method).lower() != "list" and "/sys/" not in str(url):
                    # Version 2 of the key-value engine has its metadata beside the data.
                    read(data.get("data") if isinstance(data.get("data"), dict) else data)
                    plain = data.get("plaintext")
                    if isinstance(plain, str):
                        # Its transit engine gives base64 back.
                        read(_from_base64(plain))
                token = (answer.get("auth") or {}).get("client_token")
                if token:
                    read(token)
            return answer

        return request

    _put(module.JSONAdapter, "request", make)


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def _azure(module: Any) -> None:
    """``azure.keyvault.secrets._models``: synchronous and asynchronous clients make the same object."""

    def make(function: Any) -> Any:
        def made(self: Any, properties: Any, value: Any, *args: Any, **kwargs: Any) -> None:
            function(self, properties, value, *args, **kwargs)
            if value:
                read(value)

        return made

    _put(module.KeyVaultSecret, "__init__", make)


def _azure_keys(module: Any) -> None:
    for name in ("decrypt", "unwrap_key"):
        _after(module.CryptographyClient, name, lambda answer: read(getattr(answer, "plaintext", None) or answer.key))


def _google_keys(module: Any) -> None:
    for name in ("decrypt", "asymmetric_decrypt"):
        _after(module.KeyManagementServiceClient, name, lambda answer: read(answer.plaintext))


def _google(module: Any) -> None:
    _after(module.SecretManagerServiceClient, "access_secret_version", lambda answer: read(answer.payload.data))


def _google_async(module: Any) -> None:
    def make(function: Any) -> Any:
        async def access_secret_version(*args: Any, **kwargs: Any) -> Any:
            answer = await function(*args, **kwargs)
            read(answer.payload.data)
            return answer

        return access_secret_version

    _put(module.SecretManagerServiceAsyncClient, "access_secret_version", make)


def _keyring(module: Any) -> None:
    def password_of(found: Any) -> None:
        if found and found.password:
            read(found.password)

    _after(module, "get_password", lambda password: read(password or ""))

    def make(function: Any) -> Any:
        def set_password(service_name: str, username: str, password: str) -> None:
            read(password)
            function(service_name, username, password)

        return set_password

    _after(module, "get_credential", password_of)
    _put(module, "set_password", make)


def _typed(module: Any) -> None:
    """``pydantic.types``: what a program itself says is a secret."""

    def make(function: Any) -> Any:
        def made(self: Any, secret_value: Any) -> None:
            function(self, secret_value)
            if isinstance(secret_value, (str, bytes)):
                read(secret_value)

        return made

    owner = module._SecretBase if hasattr(module, "_SecretBase") else module.SecretStr
    _put(owner, "__init__", make)


def _databricks(module: Any) -> None:
    _after(module._SecretsUtil, "get", read)
    _after(module._SecretsUtil, "getBytes", read)


READERS = {
    "azure.keyvault.keys.crypto._client": _azure_keys,
    "azure.keyvault.secrets._models": _azure,
    "botocore.client": _amazon,
    "databricks.sdk.dbutils": _databricks,
    "google.cloud.kms_v1.services.key_management_service.client": _google_keys,
    "google.cloud.secretmanager_v1.services.secret_manager_service.async_client": _google_async,
    "google.cloud.secretmanager_v1.services.secret_manager_service.client": _google,
    "hvac.adapters": _vault,
    "keyring.core": _keyring,
    "pydantic.types": _typed,
}
