"""A credential file's usual place below the home directory -> where this environment's variables have put it.

One table for what is kept out of a box and for what is looked for in outputs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# variable: what its value stands in the place of. From the tools' own manuals; of a folder, for all that is in it.
MOVES: Final[dict[str, str]] = {
    "AWS_SHARED_CREDENTIALS_FILE": ".aws/credentials",
    "AWS_CONFIG_FILE": ".aws/config",
    "AZURE_CONFIG_DIR": ".azure",
    "BOTO_CONFIG": ".boto",
    "CARGO_HOME": ".cargo",
    "CLOUDSDK_CONFIG": ".config/gcloud",
    "DATABRICKS_CONFIG_FILE": ".databrickscfg",
    "DOCKER_CONFIG": ".docker",
    "GH_CONFIG_DIR": ".config/gh",
    "GNUPGHOME": ".gnupg",
    "GOOGLE_APPLICATION_CREDENTIALS": ".config/gcloud/application_default_credentials.json",
    "HF_HOME": ".cache/huggingface",
    "HF_TOKEN_PATH": ".cache/huggingface/token",
    "KAGGLE_CONFIG_DIR": ".kaggle",
    "KUBECONFIG": ".kube/config",
    "NETRC": ".netrc",
    "NPM_CONFIG_USERCONFIG": ".npmrc",
    "npm_config_userconfig": ".npmrc",
    "PASSWORD_STORE_DIR": ".password-store",
    "PGPASSFILE": ".pgpass",
    "PIP_CONFIG_FILE": ".config/pip/pip.conf",
    "REGISTRY_AUTH_FILE": ".config/containers/auth.json",
    "SNOWFLAKE_HOME": ".snowflake",
    "WANDB_CONFIG_DIR": ".config/wandb",
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
}
_LISTS = ("KUBECONFIG",)


def moved(usual: str, environment: Mapping[str, str], home: str, workspace: str = "") -> dict[str, str]:
    """Absolute paths, each with its variable, of what is usually at ``usual`` or in it. It may be there as well.

    ``usual`` is below the home directory; relative values are below ``workspace``, without one below here.

    >>> moved(".config/gcloud/", {"XDG_CONFIG_HOME": "/data", "CLOUDSDK_CONFIG": "~/cloud"}, "/home/me")
    {'/home/me/cloud': 'CLOUDSDK_CONFIG', '/data/gcloud': 'XDG_CONFIG_HOME'}
    """
    usual = usual.rstrip("/")
    found = {}
    for variable, place in MOVES.items():
        value = environment.get(variable, "")
        if value and (usual + "/").startswith(place + "/"):
            rest = usual[len(place) :]
        elif value and place.startswith(usual + "/"):
            rest = ""
        else:
            continue
        for one in value.split(os.pathsep) if variable in _LISTS else (value,):
            if one:
                whole = home + one[1:] if one == "~" or one.startswith("~/") else one
                found[os.path.normpath(Path(workspace, whole + rest).absolute())] = variable
    return found
