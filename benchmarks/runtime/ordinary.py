"""Forty ordinary notebooks, a name and the cells of each: what people ask assistants for, on files that they make themselves."""

from __future__ import annotations

FRAME = "import numpy as np, pandas as pd\nrng = np.random.default_rng(0)\ndf = pd.DataFrame({'day': pd.date_range('2026-01-01', periods=200), 'city': rng.choice(['Bonn', 'Ulm', 'Jena'], 200), 'sales': rng.normal(100, 9, 200)})"
POINTS = "from sklearn.datasets import make_classification\nX, y = make_classification(200, random_state=0)"
# A server on this machine, for the notebooks that fetch something.
SERVER = """
import http.server, threading, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({'path': self.path, 'rows': [[1, 2], [3, 4]]}).encode()
        self.send_response(200); self.send_header('Content-Type', 'application/json'); self.end_headers(); self.wfile.write(body)
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length'])); self.do_GET()
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f'http://127.0.0.1:{server.server_port}'
"""

NOTEBOOKS: dict[str, tuple[str, ...]] = {
    "a table to CSV and back": (FRAME, "df.to_csv('sales.csv', index=False)", "pd.read_csv('sales.csv', parse_dates=['day']).groupby('city').sales.agg(['mean', 'sum'])"),
    "JSON lines": (FRAME, "df.to_json('sales.jsonl', orient='records', lines=True, date_format='iso')", "len(pd.read_json('sales.jsonl', lines=True))"),
    "a pivot and a pickle": (FRAME, "wide = df.pivot_table(index='day', columns='city', values='sales')\nwide.to_pickle('wide.pkl')", "pd.read_pickle('wide.pkl').describe()"),
    "chunks": (FRAME, "df.to_csv('big.csv')\nsum(len(part) for part in pd.read_csv('big.csv', chunksize=30))"),
    "query and eval": (FRAME, "df.query('sales > 100').eval('twice = sales * 2').head()"),
    "pandas replaces a table": (FRAME, "import sqlite3\ncon = sqlite3.connect('sales.db')\ndf.to_sql('sales', con, if_exists='replace', index=False)", "df.to_sql('sales', con, if_exists='replace', index=False)\npd.read_sql('SELECT city, avg(sales) FROM sales GROUP BY city', con)"),
    "sqlite by hand": ("import sqlite3\ncon = sqlite3.connect('todo.db')\ncon.execute('CREATE TABLE IF NOT EXISTS todo (id INTEGER PRIMARY KEY, text, done)')\ncon.executemany('INSERT INTO todo (text, done) VALUES (?, 0)', [('a',), ('b',), ('c',)])\ncon.commit()", "con.execute('UPDATE todo SET done = 1 WHERE id = ?', (2,))\ncon.execute('DELETE FROM todo WHERE id = ?', (1,))\ncon.commit()\ncon.execute('SELECT * FROM todo').fetchall()"),
    "sqlite in memory": ("import sqlite3\nmem = sqlite3.connect(':memory:')\nmem.executescript('CREATE TABLE a (b); INSERT INTO a VALUES (1), (2)')", "mem.execute('DELETE FROM a')\nmem.execute('DROP TABLE a')"),
    "statements from a list": ("import sqlite3\nbatch = sqlite3.connect('batch.db')\nfor name in ('north', 'south'):\n    batch.execute(f'CREATE TABLE IF NOT EXISTS {name} (id, total)')\n    batch.executemany(f'INSERT INTO {name} VALUES (?, ?)', [(i, i * i) for i in range(100)])\nbatch.commit()", "[batch.execute(f'SELECT sum(total) FROM {name}').fetchone() for name in ('north', 'south')]"),
    "DuckDB on a frame": (FRAME, "import duckdb\nduckdb.sql('SELECT city, avg(sales) AS mean FROM df GROUP BY city ORDER BY mean').df()"),
    "DuckDB to a file": (FRAME, "import duckdb\nbase = duckdb.connect('shop.duckdb')\nbase.execute('CREATE OR REPLACE TABLE sales AS SELECT * FROM df')\nbase.execute(\"COPY sales TO 'sales.parquet' (FORMAT parquet)\")", "base.execute(\"SELECT count(*) FROM 'sales.parquet'\").fetchall()"),
    "SQLAlchemy's ORM": ("from sqlalchemy import create_engine, String, select\nfrom sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column\nclass Base(DeclarativeBase): pass\nclass Book(Base):\n    __tablename__ = 'book'\n    id: Mapped[int] = mapped_column(primary_key=True)\n    title: Mapped[str] = mapped_column(String(50))\nengine = create_engine('sqlite:///books.db')\nBase.metadata.create_all(engine)", "with Session(engine) as session:\n    session.add_all([Book(title='one'), Book(title='two')])\n    session.commit()\n    book = session.scalars(select(Book)).first()\n    book.title = 'first'\n    session.commit()\n    session.delete(book)\n    session.commit()\n    print(session.scalars(select(Book)).all())"),
    "a figure": (FRAME, "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\ndf.plot(x='day', y='sales', ax=ax)\nfig.savefig('sales.png')\nfig.savefig('sales.pdf')"),
    "many figures": (FRAME, "import matplotlib.pyplot as plt\nfrom pathlib import Path\nPath('figures').mkdir(exist_ok=True)\nfor city, part in df.groupby('city'):\n    plt.figure()\n    part.sales.hist()\n    plt.title(city)\n    plt.savefig(f'figures/{city}.svg')\n    plt.close()"),
    "a regression": ("import numpy as np\nfrom sklearn.linear_model import LinearRegression\nX = np.arange(50.0)[:, None]\nLinearRegression().fit(X, 3 * X[:, 0] + 1).coef_",),
    "a forest on two cores": (POINTS, "from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.model_selection import cross_val_score\ncross_val_score(RandomForestClassifier(20, n_jobs=2, random_state=0), X, y, cv=3).mean()"),
    "a grid search in processes": (POINTS, "from sklearn.model_selection import GridSearchCV\nfrom sklearn.svm import SVC\nGridSearchCV(SVC(), {'C': [0.1, 1]}, cv=2, n_jobs=2).fit(X, y).best_params_"),
    "a model kept": (POINTS, "import joblib\nfrom sklearn.linear_model import LogisticRegression\nfrom sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import StandardScaler\nmodel = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)\njoblib.dump(model, 'model.joblib')", "joblib.load('model.joblib').score(X, y)"),
    "clusters and components": (POINTS, "from sklearn.cluster import KMeans\nfrom sklearn.decomposition import PCA\nKMeans(3, n_init=2, random_state=0).fit_predict(PCA(2).fit_transform(X))[:5]"),
    "arrays on disk": ("import numpy as np\nnp.save('a.npy', np.eye(5))\nnp.savez('b.npz', x=np.arange(5))\nm = np.memmap('c.dat', dtype='float32', mode='w+', shape=(100,))\nm[:] = 1\nm.flush()", "np.load('a.npy').sum(), np.load('b.npz')['x'].sum()"),
    "requests": (SERVER, "import requests\nwith requests.Session() as http_session:\n    rows = http_session.get(url + '/rows', params={'n': 2}, timeout=5).json()['rows']\nrows", "requests.post(url + '/predict', json={'x': [1, 2]}, timeout=5).status_code"),
    "urllib": (SERVER, "import urllib.request\nurllib.request.urlretrieve(url + '/file', 'fetched.json')", "import json\njson.load(open('fetched.json'))['rows']"),
    "fetching in threads": (SERVER, "import requests\nfrom concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool:\n    found = list(pool.map(lambda n: requests.get(f'{url}/{n}', timeout=5).status_code, range(12)))\nset(found)"),
    "httpx and tasks": (SERVER, "import asyncio, httpx\nasync with httpx.AsyncClient() as http_client:\n    answers = await asyncio.gather(*(http_client.get(f'{url}/{n}') for n in range(5)))\n[answer.status_code for answer in answers]"),
    "a socket of one's own": ("import socket, threading\nhere = socket.create_server(('127.0.0.1', 0))\ndef answer():\n    peer, _ = here.accept()\n    peer.sendall(b'hello')\n    peer.close()\nthreading.Thread(target=answer).start()\nwith socket.create_connection(here.getsockname()) as there:\n    print(there.recv(10))",),
    "a pool of processes": ("import math, multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n    print(pool.map(math.factorial, range(8)))",),
    "an executor of processes": ("import math\nfrom concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(2) as pool:\n    print(list(pool.map(math.sqrt, range(5))))",),
    "a process and a queue": ("import multiprocessing\ncontext = multiprocessing.get_context('fork')\nqueue = context.Queue()\ndef work(n): queue.put(n * n)\nworkers = [context.Process(target=work, args=(n,)) for n in range(3)]\nfor one in workers: one.start()\nfound = sorted(queue.get() for _ in workers)\nfor one in workers: one.join()\nfound",),
    "a process that is ended": ("import subprocess, sys\nsleeper = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\nsleeper.terminate()\nsleeper.wait()",),
    "a program's output": ("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True, text=True, check=True).stdout", "!ls", "%%bash\necho one\nwc -c < /dev/null"),
    "temporary files": ("import shutil, tempfile\nfrom pathlib import Path\nwith tempfile.TemporaryDirectory() as folder:\n    Path(folder, 'a.txt').write_text('a')\nplace = tempfile.mkdtemp()\nPath(place, 'b').write_text('b')\nshutil.rmtree(place)\nwith tempfile.NamedTemporaryFile('w', suffix='.csv', delete=False) as file:\n    file.write('a,b')\nimport os\nos.unlink(file.name)",),
    "folders of results": ("from pathlib import Path\nimport json, os, shutil\nout = Path('results')\nout.mkdir(exist_ok=True)\nfor n in range(5):\n    (out / f'{n}.json').write_text(json.dumps({'n': n}))\nos.rename(out / '4.json', out / 'last.json')\nshutil.copytree(out, 'copy', dirs_exist_ok=True)\n[json.loads(one.read_text()) for one in sorted(out.glob('*.json'))]",),
    "an archive": ("import zipfile, tarfile\nfrom pathlib import Path\nPath('inside.txt').write_text('x')\nwith zipfile.ZipFile('a.zip', 'w') as bag: bag.write('inside.txt')\nwith zipfile.ZipFile('a.zip') as bag: bag.extractall('unzipped')\nPath('unzipped/inside.txt').read_text()",),
    "a log and settings": ("import configparser, logging\nlogging.basicConfig(filename='run.log', level=logging.INFO, force=True)\nlogging.getLogger('study').info('started')\nsettings = configparser.ConfigParser()\nsettings['study'] = {'seed': '3'}\nwith open('study.ini', 'w') as file: settings.write(file)\nconfigparser.ConfigParser().read('study.ini')",),
    "a module of one's own": ("%%writefile cleaning.py\nimport dataclasses\n@dataclasses.dataclass\nclass Row:\n    value: float\ndef clean(rows):\n    return [Row(float(one)) for one in rows if one]", "import importlib, cleaning\nimportlib.reload(cleaning)\ncleaning.clean(['1', '', '2.5'])"),
    "a script": ("%%writefile totals.py\nimport csv\nwith open('totals.csv', 'w', newline='') as file:\n    csv.writer(file).writerows([[1, 2], [3, 4]])\ntotal = 10", "%run totals.py", "total"),
    "timing": ("%timeit -n 3 -r 1 sum(range(1000))", "import cProfile\ncProfile.run('sorted(range(1000))', 'profile.out')"),
    "tests in a notebook": ("import unittest\nclass Adds(unittest.TestCase):\n    def test_adds(self): self.assertEqual(1 + 1, 2)\nunittest.main(argv=['x'], exit=False).result.wasSuccessful()", "import doctest\ndef twice(x):\n    '''>>> twice(2)\n    4'''\n    return 2 * x\ndoctest.run_docstring_examples(twice, globals())"),
    "settings of the environment": ("import os\nos.environ['OMP_NUM_THREADS'] = '1'\nos.environ.setdefault('TOKENIZERS_PARALLELISM', 'false')\nos.getenv('HOME') is not None",),
    "callbacks and caches": ("import functools, traitlets\nclass Model(traitlets.HasTraits):\n    size = traitlets.Int()\nmodel = Model()\nmodel.observe(lambda change: print(change['new']), 'size')\nmodel.size = 4\n@functools.lru_cache\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(60)", "import asyncio\nasync def later(n):\n    await asyncio.sleep(0)\n    return n\nawait asyncio.gather(*(later(n) for n in range(4)))"),
}  # fmt: skip
