"""A seed -> texts with one credential in them, as programs, settings and shells write it; and texts that only look so.

Written by hand from how tools document themselves, without the shared vectors: they tell whether the formats
generalise. ``{password}`` is what a person chooses, ``{strong}`` what a generator does, ``{word}`` a plain word with a
number, ``{token}``, ``{hex}``, ``{uuid}`` and ``{base64}`` are machine made. Nothing here is a value.
"""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Iterator, Sequence

SEED = 11

ASSIGNMENTS = (
    'db_password = "{password}"',
    "connect(host='db', user='app', password='{strong}')",
    "Config(user='app', password='{password}', retries=3)",
    "{{'user': 'app', 'password': '{strong}', 'port': 5432}}",
    '{{"username": "app", "passwd": "{password}"}}',
    '{{\\"login\\": \\"app\\", \\"password\\": \\"{strong}\\"}}',
    "database:\n  user: app\n  password: {strong}\n",
    "spring.datasource.password={strong}",
    "export DB_PASSWORD='{strong}'",
    "export PGPASSWORD={word}; psql -h db",
    "PGPASSWORD={strong} pg_dump shop",
    "MYSQL_PWD={strong} mysql -u root shop",
    "environ({{'HOME': '/root', 'MYSQL_ROOT_PASSWORD': '{word}'}})",
    "[client]\nuser = root\npassword = {strong}\n",
    '[database]\nuser = "app"\npassword = "{password}"\n',
    "'DATABASES': {{'default': {{'USER': 'app', 'PASSWORD': '{password}'}}}}",
    "define('DB_PASSWORD', '{strong}');",
    "$config['db_pass'] = '{strong}';",
    ":password => '{password}',",
    'Password: "{strong}",',
    'String password = "{password}";',
    'const dbPassword: string = "{strong}";',
    'let password = String::from("{strong}");',
    "<password>{strong}</password>",
    '<property name="password" value="{strong}"/>',
    '<connection user="app" password="{password}" host="db"/>',
    "ansible_password={strong}",
    "ansible_become_pass: {strong}",
    "helm upgrade shop ./chart --set auth.password={strong}",
    "docker run -e POSTGRES_PASSWORD={word} postgres:16",
    "  POSTGRES_PASSWORD: {strong}",
    "      - REDIS_PASSWORD={strong}",
    "requirepass {strong}",
    "redis-cli -h cache -a {strong} ping",
    "sshpass -p '{strong}' ssh root@build",
    "mysql -u root -p{strong} shop",
    "mongosh --username app --password {strong} db",
    "wget --user=app --password='{strong}' https://files.acme.io/a",
    "curl -u app:{strong} https://api.acme.io/v1",
    "az login -u app -p {strong}",
    "CREATE USER app WITH PASSWORD '{strong}';",
    "CREATE USER 'app'@'%' IDENTIFIED BY '{strong}';",
    "ALTER ROLE app LOGIN PASSWORD '{password}';",
    "create login app with password = '{strong}'",
    "psycopg2.connect('dbname=shop user=app password={strong} host=db')",
    "jdbc:mysql://db:3306/shop?user=app&password={strong}",
    "jdbc:sqlserver://db;user=app;password={strong};encrypt=true",
    "Driver={{ODBC Driver 18 for SQL Server}};Server=db;UID=app;PWD={strong};",
    "Server=db;Database=shop;User Id=app;Password={word};",
    "postgresql://app:{word}@db.acme.io:5432/shop",
    "https://app:{strong}@git.acme.io/team/repo.git",
    "amqp://app:{word}@queue:5672/",
    "smtp.login('app@acme.io', '{strong}')",
    "requests.get(url, auth=('app', '{strong}'))",
    "HTTPBasicAuth('app', '{strong}')",
    "auth = HTTPBasicAuth(username='app', password='{word}')",
    "client.connect('build', username='app', password='{strong}')",
    "ConvertTo-SecureString '{strong}' -AsPlainText -Force",
    "net use Z: \\\\files\\share {strong} /user:app",
    "machine ftp.acme.io login app password {strong}",
    "db.acme.io:5432:shop:app:{strong}",
    "bindpw {strong}",
    "olcRootPW: {strong}",
    'network={{\n  ssid="office"\n  psk="{strong}"\n}}',
    "wifi_password: '{password}'",
    "The password is '{strong}'",
    "Password for app: {strong}",
    "login: app, password: {strong}",
    "user=app pwd={strong} host=db",
    "keystore.password={word}",
    "ssl.truststore.password={word}",
    "storePassword {quote}{word}{quote}",
    "signingConfigs {{ release {{ keyPassword '{word}' }} }}",
    'sasl.jaas.config=PlainLoginModule required username="app" password="{strong}";',
    "SECRET_KEY = '{strong}{strong}'",
    "secret_key_base: {hex}{hex}",
    "APP_KEY=base64:{base64}",
    "define('AUTH_KEY', '{strong}{strong}');",
    "jwt_secret: {token}",
    'JWT_SECRET="{password}"',
    "encryption_key = '{hex}'",
    "app.secret_key = b'{token}'",
    "fernet = Fernet(b'{base64}')",
    "client_secret: {token}",
    '"clientSecret": "{token}"',
    "CLIENT_SECRET={strong}",
    "client_secret={token}&grant_type=client_credentials",
    "refresh_token: '{token}'",
    '"access_token": "{token}", "expires_in": 3600',
    "X-Api-Key: {token}",
    "x-auth-token: {hex}",
    "PRIVATE-TOKEN: {token}",
    "Ocp-Apim-Subscription-Key: {hex}",
    "headers={{'Authorization': 'Bearer {token}'}}",
    "Authorization: Basic {login}",
    "Authorization: Token {hex}",
    "Authorization: ApiKey {base64}",
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={hex}{hex}",
    "Cookie: sessionid={token}; theme=dark",
    "Set-Cookie: session={token}; HttpOnly",
    "Cookie: connect.sid=s%3A{token}.{token}",
    "_xsrf=2|{hex}|{hex}|1700000000",
    "http://localhost:8888/lab?token={hex}",
    "https://api.acme.io/v1/items?api_key={token}",
    "https://maps.acme.io/tile?key={token}",
    "https://acme.blob.core.windows.net/c/f?sv=2024-01-01&sp=r&sig={base64}",
    "https://hooks.acme.io/services/{token}/{token}",
    "otpauth://totp/Acme:app?secret={base32}&issuer=Acme",
    "mfa_secret = '{base32}'",
    "--api-key {token}",
    "--client-secret={token}",
    "acme login --token {token}",
    "vault login {token}",
    "ACME_API_TOKEN={hex}",
    "export ACME_TOKEN={uuid}",
    "acme_api_key: {uuid}",
    "ACME_APIKEY = '{token}'",
    "acmeApiKey: '{token}',",
    "apikey={hex}",
    'os.environ["ACME_KEY"] = "{token}"',
    "os.environ.setdefault('ACME_SECRET', '{token}')",
    "os.putenv('ACME_TOKEN', '{token}')",
    "%env ACME_TOKEN={token}",
    "setx ACME_TOKEN {token}",
    "$env:ACME_TOKEN = '{token}'",
    "ENV ACME_TOKEN {token}",
    "set -x ACME_TOKEN {token}",
    "- name: ACME_TOKEN\n  value: {token}",
    'variable "acme_token" {{\n  default = "{token}"\n}}',
    "openai.api_key = '{token}'",
    "AcmeClient('{token}', region='eu').api_key -> '{token}'",
    "AcmeClient(api_key='{token}')",
    "acme = Acme(token='{hex}')",
    "acme.authenticate(token='{token}')",
    "&quot;api_key&quot;: &quot;{token}&quot;",
    "<td>api_key</td><td>{token}</td>",
    "api_key    {token}",
    "AccountKey={base64}==;EndpointSuffix=core.windows.net",
    "SharedAccessSignature=sr=acme&sig={base64}&se=1",
    "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={base64}",
    "PrivateKey = {base64}=",
    "private_key: 0x{hex}{hex}",
    "AGE-SECRET-KEY-1{upper58}",
    "aws_secret_access_key = {aws}",
    "aws_session_token = {base64}{base64}{base64}",
    "'SecretAccessKey': '{aws}',",
    "_authToken={uuid}",
    "//npm.acme.io/:_authToken={token}",
    '"auth": "{login}"',
    "license_key = '{hex}'",
    "webhook_secret: {token}",
    "signing_secret={hex}",
    "credentials = ('app', '{strong}')",
    "passphrase: correct {word} battery",
    "ssh-keygen -t ed25519 -N '{strong}'",
    "openssl rsa -in k.pem -passin pass:{strong}",
    "gpg --batch --passphrase {strong} -d a.gpg",
    "zip -P {strong} a.zip b",
    "7z x a.7z -p{strong}",
    "kinit --password={strong} app",
    "snowflake.connector.connect(user='app', password='{strong}', account='acme')",
    "%sql mysql+pymysql://app:{word}@db/shop",
    "KAGGLE_KEY={hex}",
    '{{"username":"app","key":"{hex}"}}',
)
"""Contexts that say what a value is. The formats in knowledge/tokens/context.toml were written with these in sight."""

UNSEEN = (
    "rabbitmq_default_pass = {strong}",
    "grafana_admin_pw: {strong}",
    "vault kv put secret/app password={strong}",
    "aws rds create-db-instance --master-user-password {strong}",
    "az sql server create --admin-password {strong}",
    "gcloud sql users set-password app --password={strong}",
    "mount -t cifs //files/share /mnt -o username=app,password={strong}",
    "tomcat: <user username='app' password='{strong}' roles='manager'/>",
    "dsn = 'host=db user=app password={strong} dbname=shop'",
    "Data Source=db;User ID=app;Password={strong}",
    "engine = create_engine('oracle+oracledb://app:{strong}@db:1521/x')",
    "logger.info('using password %s', '{strong}')",
    "INFO login with user app and password {strong}",
    "Your temporary password is {strong}",
    "paramiko.Transport(('build', 22)).connect(None, 'app', '{strong}')",
    "ftp = FTP('files', 'app', '{strong}')",
    "imaplib.IMAP4_SSL('mail').login('app', '{strong}')",
    "es = Elasticsearch(url, http_auth=('app', '{strong}'))",
    "Neo4j driver(uri, auth=('neo4j', '{strong}'))",
    "pwd_context.hash('{strong}')",
    "unlock_code = '{strong}'",
    "SNMPV3_AUTH_PASS={strong}",
    "enable secret {strong}",
    "snmp-server community {strong} RO",
    "acme_bearer: {token}",
    "headers = {{'X-Acme-Key': '{token}'}}",
    "curl -H 'api-key: {token}' https://api.acme.io",
    "wss://stream.acme.io/?access_token={token}",
    "acme.configure('{token}')",
    "set_api_key('{token}')",
    "ACME_CREDENTIALS={token}",
    "Successfully created key {token}",
    "token is {token}",
    "token_type=bearer, access={token}",
    "jupyter server password hash argon2: token {hex}",
    "SESSION_COOKIE: {token}",
    "storage_account_key='{base64}'",
    "slack_signing: {hex}",
    'stripe.api_key = "{token}"',
    "client = Acme(key='{token}')",
)
"""Written after the formats above; those in knowledge/tokens/named.toml and said.toml were written with these in sight."""

PREFIXES = (
    ("glpat-", "w", 20), ("glrt-", "w", 20), ("ghp_", "github", 30), ("github_pat_11", "an", 78), ("dop_v1_", "hex", 64),
    ("doo_v1_", "hex", 64), ("hf_", "a", 34), ("sk-ant-api03-", "w", 95), ("sk-proj-", "w", 120), ("gsk_", "an", 52),
    ("xai-", "an", 80), ("r8_", "an", 37), ("nvapi-", "w", 64), ("pcsk_", "an", 70), ("tvly-dev-", "an", 32), ("fc-", "hex", 32),
    ("sk-or-v1-", "hex", 64), ("pplx-", "an", 48), ("csk-", "lan", 48), ("tgp_v1_", "w", 43), ("e2b_", "hex", 40), ("jina_", "an", 60),
    ("figd_", "w", 40), ("ntn_", "an", 46), ("lin_api_", "an", 40), ("dp.pt.", "an", 43), ("shpat_", "hex", 32), ("sq0csp-", "w", 43),
    ("rnd_", "an", 28), ("nfp_", "an", 36), ("fo1_", "w", 43), ("pul-", "hex", 40), ("tskey-auth-", "tail", 0), ("hvs.", "w", 90),
    ("CFPAT-", "w", 43), ("dckr_pat_", "w", 27), ("rubygems_", "hex", 48), ("oy2", "lan", 43), ("pypi-AgEIcHlwaS5vcmc", "w", 120),
    ("GOCSPX-", "w", 28), ("ya29.", "w", 120), ("SG.", "sendgrid", 0), ("xkeysib-", "brevo", 0), ("re_", "resend", 0), ("PMAK-", "postman", 0),
    ("glsa_", "grafana", 0), ("sntrys_", "base64", 0), ("NRAK-", "UAN", 27), ("phx_", "an", 43), ("sgp_", "hex", 40),
    ("ATATT3xFfGF0", "w", 180), ("whsec_", "an", 32), ("rzp_live_", "an", 14), ("sk_live_", "an", 24), ("rk_live_", "an", 24),
    ("duffel_live_", "w", 43), ("shippo_live_", "hex", 40), ("EZAK", "an", 54), ("lsv2_pt_", "langsmith", 0), ("sk-lf-", "uuid", 0),
    ("ops_", "jwt", 0), ("tfp_", "w", 59), ("sbp_", "hex", 40), ("sb_secret_", "w", 31), ("pscale_tkn_", "w", 43), ("napi_", "lan", 64),
    ("vcp_", "an", 56), ("prefect pnu_", "lan", 36), ("dapi", "hex", 32), ("LTAI5t", "an", 18), ("AKID", "an", 32), ("secret-token:acme-", "w", 40),
    ("acme_live_", "an", 40), ("acme_pat_", "an", 40), ("ak-test-", "an", 40), ("zzq_sk_", "an", 32), ("bkua_", "hex", 40), ("CCIPAT_", "circle", 0),
    ("fw_", "an", 24), ("pa-", "w", 43), ("lm-studio-key-", "an", 32), ("sk-", "an", 48), ("apify_api_", "an", 36), ("wf_", "hex", 64),
)  # fmt: skip
"""Tokens that carry their provider's prefix, alone in a line of output."""

BENIGN = (
    "password = input('Password: ')", "password: str | None = None", "token = tokenizer.decode(ids)", "max_tokens=4096, token_count=812",
    "api_key = os.environ['ACME_KEY']", "password=<hidden>", "token: {{ secrets.ACME }}", "Enter your password:", "Invalid password for user app",
    "primary_key='customer_id', sort_key=None", "secret_name: shop-database", "pad_token='[PAD]', eos_token='</s>'",
    "def login(user, password='', *, token=None):", "KeyError: 'api_key'", "password_hash: argon2", "keyword: value", "key: 1234",
    "<input type='password' name='pw' placeholder='Password'>", "git commit 3f786850e387550fdab836ed7e6dc881de23a1b",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "id: 6fa459ea-ee8a-3ca4-894e-db77e160355e",
    "https://pypi.org/project/requests/", "http://user:pass@host:port/path", "postgresql://scott:tiger@localhost/test",
    "postgresql://user:password@host/db", "PASSWORD=$(cat /run/secrets/db)", "token=${TOKEN}", "curl -u $USER:$PASS https://x",
    "passwd: files systemd", "The secret is to use more data.", "Authorization: Bearer <token>", "accuracy 0.93 key metrics below",
    "ssh_key: ~/.ssh/id_ed25519.pub", "secret: true", "credentials: 'include'", "csrf_token_name = 'csrf'", "partition_key=2026-01-01T00",
    "df.set_index('user_key')", "cache_key = f'{user}:{page}'", "s3_key='raw/2026/01/part-00000.parquet'", "token_url=https://acme.io/oauth/token",
    "password must be at least 8 characters", "self.password = password", "password=self._password", "conn.password = cfg.get('password')",
)  # fmt: skip


def unseen(rounds: int = 5, seed: int = SEED, contexts: Sequence[str] = UNSEEN) -> Iterator[tuple[str, str, str]]:
    """(the context, a text, the credential in it) of contexts that are no part of ``ASSIGNMENTS``."""
    chance = random.Random(seed)
    for _ in range(rounds):
        for context in contexts:
            value, text = _filled(context, chance)
            yield context, text, value


def credentials(rounds: int = 3, seed: int = SEED) -> Iterator[tuple[str, str, str]]:
    """(the context's name, a text, the credential in it), ``rounds`` values for each context."""
    chance = random.Random(seed)
    for _ in range(rounds):
        for number, context in enumerate(ASSIGNMENTS):
            value, text = _filled(context, chance)
            yield f"context {number}: {context[:40]!r}", text, value
        for prefix, form, size in PREFIXES:
            token = prefix.split()[-1] + _form(form, size, chance)
            for lead in ("", "Using "):
                yield f"prefix {prefix}", f"{lead}{token}\n", token


def _filled(context: str, chance: random.Random) -> tuple[str, str]:
    values = {name: make(chance) for name, make in _VALUES.items()}
    names = [name for name in _VALUES if f"{{{name}}}" in context]
    one = {name: values[name] for name in names}
    # What must be gone: the longest of the values, whatever surrounds it.
    return max(one.values(), key=len), context.format(**one, quote="'")


def _draw(chance: random.Random, letters: str, size: int) -> str:
    return "".join(chance.choice(letters) for _ in range(size))


def _strong(chance: random.Random) -> str:
    letters = string.ascii_letters + string.digits + "!#%*_+.^~-"
    while True:
        text = (
            chance.choice(string.ascii_letters)
            + _draw(chance, letters, chance.randint(9, 19))
            + chance.choice(string.digits)
        )
        if any(c.isdigit() for c in text[:9]) and any(c in "!#%*_+.^~-" for c in text):
            return text


def _password(chance: random.Random) -> str:
    words = ("sunshine", "dragon", "Monkey", "winter", "Berlin", "coffee", "Falcon", "tiger", "Purple", "river")
    return (
        chance.choice(words)
        + chance.choice(("", "_", "!", "-"))
        + chance.choice(words)
        + str(chance.randint(1, 9999))
        + chance.choice(("", "!", "$", "#"))
    )


def _word(chance: random.Random) -> str:
    return chance.choice(("sunshine", "dragonfly", "winter", "Berlin", "coffee", "Falcon")) + str(
        chance.randint(10, 9999)
    )


_AN = string.ascii_letters + string.digits
_VALUES = {
    "password": _password,
    "strong": _strong,
    "word": _word,
    "token": lambda chance: _draw(chance, _AN, chance.choice((24, 32, 40))),
    "hex": lambda chance: f"{chance.getrandbits(128):032x}",
    "uuid": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "base64": lambda chance: base64.b64encode(chance.randbytes(33)).decode(),
    "base32": lambda chance: _draw(chance, string.ascii_uppercase + "234567", 32),
    "upper58": lambda chance: _draw(chance, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "aws": lambda chance: _draw(chance, _AN + "+/", 40),
    "login": lambda chance: base64.b64encode(f"app:{_strong(chance)}".encode()).decode(),
}  # fmt: skip


def _form(form: str, size: int, chance: random.Random) -> str:
    """What follows a prefix."""
    from jupyter_guard.scrub.checks import crc32_base62

    plain = {"an": _AN, "a": string.ascii_letters, "w": _AN + "_-", "lan": string.ascii_lowercase + string.digits, "UAN": string.ascii_uppercase + string.digits, "hex": "0123456789abcdef"}  # fmt: skip
    if form in plain:
        return _draw(chance, plain[form], size - 1) + chance.choice("a" if form == "a" else string.digits)
    if form == "github":
        body = _draw(chance, _AN, 30)
        return body + crc32_base62(body)
    draw = lambda letters, count: _draw(chance, plain.get(letters, letters), count)  # noqa: E731
    issued = b'{"iat":1700000000.5,"url":"https://sentry.io"'
    made = {
        "tail": lambda: f"{draw('an', 12)}CNTRL-{draw('an', 32)}",
        "sendgrid": lambda: f"{draw('w', 22)}.{draw('w', 43)}",
        "brevo": lambda: f"{draw('hex', 64)}-{draw('an', 16)}",
        "resend": lambda: f"{draw('an', 8)}_{draw('an', 24)}",
        "postman": lambda: f"{draw('hex', 24)}-{draw('hex', 34)}",
        "grafana": lambda: f"{draw('an', 32)}_{draw('hex', 8)}",
        "base64": lambda: base64.b64encode(issued).decode() + "_" + draw("an", 43),
        "langsmith": lambda: f"{draw('hex', 32)}_{draw('hex', 10)}",
        "uuid": lambda: _VALUES["uuid"](chance),
        "jwt": lambda: base64.urlsafe_b64encode(b'{"signInAddress":"acme.1password.com",' + chance.randbytes(150)).decode(),
        "circle": lambda: f"{draw('an', 22)}_{draw('hex', 40)}",
    }  # fmt: skip
    return made[form]()
