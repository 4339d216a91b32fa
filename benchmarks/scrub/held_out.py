"""Texts with one credential in them, written before the formats were read again and never tuned on.

The placeholders are those of ``contexts.py``. When a format is changed for one of these, move it to ``FORMER`` and write
another: the figure counts only while nobody has worked towards it. First numbers of ``HELD_OUT``, 2026-11-26, on the
formats of commit 3a92c35 with chosen passwords after short names: 75.2%.
"""

from __future__ import annotations

HELD_OUT = (
    "login failed for app with password {strong}",
    "The service account uses {strong} to sign in",
    "rotate {token} (old api token) before Friday",
    "set_secret('billing', '{token}')",
    "vault.write('kv/app', secret_value='{token}')",
    "os.environ['PARTNER_KEY'] = '{token}'",
    "headers = {{'X-Partner-Auth': '{token}'}}",
    "config.partner.auth_token = '{token}'",
    "Partner::Client.new(api_secret: '{token}')",
    'val partnerSecret = "{token}"',
    "partner_secret: !!str {token}",
    'PARTNER_PASSPHRASE="{strong}"',
    '<secret name="partner">{token}</secret>',
    "partner.api-key={hex}",
    "param([string]$Password = '{strong}')",
    "ALTER USER app PASSWORD '{strong}'",
    "cli --user app --pass={strong} sync",
    "partnerctl auth {token}",
    "export PARTNER_CREDS={token}",
    "| partner | token | {token} |",
    "access token => {token}",
    "client secret ({token}) was rotated",
    "Passwort des Benutzers: {strong}",
    "senha do banco: {strong}",
    "Le mot de passe est {strong}",
    "\u5bc6\u7801\u662f {strong}",
    'secret="{token}", region="eu"',
    "auth: {{ user: 'app', pass: '{strong}' }}",
    "ssh_pass='{strong}' ansible-playbook site.yml",
    "created PAT {token} for robot",
    "session_secret = b'{token}'",
    "wrong password: {strong}",
    "robot's credentials: robot:{strong}",
)
"""What to expect of contexts that no format was written for."""

FORMER = (
    "my passphrase is {strong} please keep it",
    "The API key for staging: {token}",
    "Use this token {token} to log in",
    "new password: {strong} (expires tomorrow)",
    "I set the db pass to {strong}",
    "admin credentials are admin / {strong}",
    "Generated secret key {hex}",
    "DEBUG auth: sending bearer {token}",
    "mailer = SMTPClient('mail.acme.io', 587, 'app', '{strong}')",
    "session.login('app', '{strong}')",
    "conn = cx_Oracle.connect('app', '{strong}', 'db/x')",
    "bcrypt.hashpw(b'{strong}', bcrypt.gensalt())",
    "keyring.set_password('acme', 'app', '{strong}')",
    "client.set_token('{token}')",
    "acme.init('{token}', region='eu')",
    "wandb.login(key='{hex}')",
    "Client('https://api.acme.io', '{token}')",
    "user_pw = '{strong}'",
    "dbPwd: '{strong}',",
    "adminPassphrase={strong}",
    "root_passwords = ['{strong}']",
    "kennwort = '{strong}'",
    "mot_de_passe: {strong}",
    "contraseña = '{strong}'",
    "auth_cookie={token}",
    "webhookSigningKey => '{token}',",
    "<add key='ApiToken' value='{token}' />",
    "<apiKey>{token}</apiKey>",
    "myapp deploy --auth-key {token} --verbose",
    '(setq acme-api-token "{token}")',
    "username app secret 5 {strong}",
    "ppp authentication chap password {strong}",
    "sftp -o user=app -o pass={strong} files.acme.io",
    '{{"type": "bearer", "value": "{token}"}}',
)
"""Held out until 2026-11-26: 70.6% of them were gone then (commit 7a6ae41), before formats were widened."""
