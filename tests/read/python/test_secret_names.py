"""Names that say that something is a credential, and variables of the environment that the session set itself."""

from __future__ import annotations

import pytest

from jupyter_guard.guard.session import Session
from jupyter_guard.read.python import secret_names


def rules(*cells: str) -> set[str]:
    session = Session("personal", origin="assistant", workspace="/srv/work")
    return {finding.rule for cell in cells for finding in session.vet(cell).findings}


@pytest.mark.parametrize(
    "code",
    [
        "from settings import engine\nengine.url.password",
        "from auth import creds\nprint(f'token: {creds.token}')",
        "from shop import config\nprint(config['db']['password'])",
        "from shop import client\nkey = client.secret_access_key\ndisplay(key)",
        "import os\nprint(os.environ.get('DATABASE_URL'))",
        "import os\nprint([os.environ[k] for k in ('CELERY_BROKER_URL', 'SENTRY_DSN')])",
        "import boto3\nimport pandas as pd\nsm = boto3.client('secretsmanager')\n"
        "pd.DataFrame([(n, sm.get_secret_value(SecretId=n)['SecretString']) for n in names])",
        "import huggingface_hub\nfrom IPython.display import Markdown\nt = huggingface_hub.get_token()\nMarkdown(f'`{t}`')",
        "from shop import settings\nprint(settings.key.get_secret_value())",
    ],
)
def test_what_is_called_a_credential_is_not_shown(code: str) -> None:
    assert "JG602" in rules(code)


@pytest.mark.parametrize(
    "code",
    [
        "import spacy\nfor span in doc:\n    print(span.token)",
        "from transformers import AutoTokenizer\ntok = AutoTokenizer.from_pretrained('a')\nprint(tok.mask_token)",
        "import pandas as pd\ndata = pd.read_csv('rockyou.csv')\ndata['password'].str.len()",
        "config = {'password': None}\nprint(config['password'])",
        "class Level:\n    secret = 3\nprint(Level.secret)",
        "import os\nprint(os.environ['HOME'], os.environ.get('LANG'))",
        "from shop import creds, connect\nconnect(password=creds.password)",
        "import requests\nfrom shop import creds\nrequests.post('https://a.example.com/login', json={'p': creds.password})",
    ],
)
def test_other_words_and_the_use_of_a_credential_are_fine(code: str) -> None:
    assert not rules(code) & {"JG501", "JG602"}


def test_a_variable_that_the_session_set_is_read_back() -> None:
    found = rules(
        "import os\nos.environ['WHERE'] = '/home/ops'", "import os, shutil\nshutil.rmtree(os.environ['WHERE'])"
    )
    assert "JG201" in found


@pytest.mark.parametrize(
    "reading", ["os.getenv('X')", "os.environ.get('X', 'out')", "os.environ.setdefault('X', 'out')"]
)
@pytest.mark.parametrize(
    "setting", ["os.environ.update(X='rm -rf /')", "os.environ.update({'X': 'rm -rf /'})", "os.putenv('X', 'rm -rf /')"]
)
def test_however_it_is_set_and_read(setting: str, reading: str) -> None:
    assert "JG203" in rules(f"import os\n{setting}", f"os.system({reading})")


def test_what_a_variable_is_called() -> None:
    assert all(secret_names.variable(name) for name in ("API_TOKEN", "DATABASE_URL", "MONGO_URI", "SENTRY_DSN"))
    assert not any(secret_names.variable(name) for name in ("HOME", "API_URL", "LANG", "DB_HOST"))
