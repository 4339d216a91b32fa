"""Texts with one credential in them, written before the formats were read again and never tuned on.

The placeholders are those of ``contexts.py``. When a format is changed for one of these, move it to ``UNSEEN`` there and
write another: the figure counts only while nobody has worked towards it.
"""

from __future__ import annotations

HELD_OUT = (
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
"""What to expect of contexts that no format was written for."""
