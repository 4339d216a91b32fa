"""A path -> what kind of place it is: where secrets lie, what runs at a later start, what belongs to the guard."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# Names of facets, each with the paths that have it. A reader may set the same facts as tags; this is for the paths
# that only a policy, a knowledge entry or an audit event names.
PLACES: Final[dict[str, str]] = {
    "credential-store": r"""
        (?:^|/)\.(?:ssh/(?!known_hosts|config$|$)|aws(?:/|$)|azure(?:/|$)|kube(?:/|$)|gnupg|docker/config|config/(?:gcloud|gh|rclone|hub)
            |netrc|pgpass|my\.cnf|pypirc|npmrc|git-credentials|boto|vault-token|kaggle/kaggle\.json|databrickscfg
            |snowsql|htpasswd|cache/huggingface/(?:token|stored_tokens)|huggingface/(?:token|stored_tokens)|password-store|electrum|bitcoin
            |mozilla/firefox|config/(?:google-chrome|chromium)|terraform\.d/credentials)
        |(?:^|/)\.ssh/?$
        |(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?|wallet\.dat|_netrc|credentials\.db|logins\.json|key[34]\.db|Login\ Data)$
        |\.(?:keystore|jks|kdbx|ppk)$
        |^/etc/(?:g?shadow|sudoers|ssh/ssh_host|ssl/private|kubernetes/|krb5\.keytab|security/opasswd|master\.passwd)
        |^/var/run/secrets/|^/run/secrets/
        |^/proc/(?:self|thread-self|\d+|\*)/(?:environ|mem|maps|fd)
        |(?:^|/)SAM$
    """,
    "accounts": r"""
        ^/etc/(?:passwd|group|hosts|crontab|fstab|profile|exports|hostname$|resolv\.conf|ssh(?:/|$)|mysql|postgresql|nginx|apache2
            |security|pam\.d|cron|environment|issue)|^/root(?:/|$)|^/var/log(?:/|$)|^/var/spool|^/boot(?:/|$)|^/var/mail
        |^/home/?$|^/etc/?$
        |(?:^|/)\.(?:bash_history|zsh_history|python_history|psql_history|mysql_history|sqlite_history)$
        |^/proc/(?:self|\d+)/cmdline
    """,
    "startup": r"""
        (?:^|/)\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zprofile|zshenv|zlogin|cshrc|tcshrc|kshrc
            |inputrc|xinitrc|xprofile|vimrc|emacs|pythonrc(?:\.py)?|pdbrc|envrc|gitconfig|config/fish/config\.fish|config/autostart
            |config/systemd|config/git/config|ssh/rc|ssh/authorized_keys|ssh/config)
        |(?:^|/)\.ipython/.*(?:startup/|_config|extensions/)|(?:^|/)\.(?:jupyter|local/share/jupyter/(?:kernels|nbconvert|runtime))/
        |(?:^|/)\.git/(?:hooks/|config$)
        |(?:^|/)(?:sitecustomize|usercustomize)\.py$|site-packages/[^/]+\.pth$
        |^/etc/(?:cron|init\.d|rc\.local|profile|systemd|bash\.bashrc|ld\.so|xdg/autostart|environment)|^/var/spool/cron
        |^/Library/Launch|/LaunchAgents/
    """,
    "guard-file": r"""
        (?:^|/)jupyter_guard(?:\.toml$|/)|(?:^|/)jupyter_guard_|site-packages/(?:jupyter_guard|ipykernel|IPython)/
        |(?:^|/)kernels/guarded[^/]*/|(?:^|/)jupyter_(?:server|notebook|lab|client|kernel_gateway)?_?config\.(?:py|json)|(?:^|/)jupyter_config\.(?:py|json)
        |(?:^|/)kernel-[0-9a-f-]+\.json$|(?:^|/)jpserver-\d+
    """,
    "device": r"^/dev/(?!null|zero|shm(?:/|$)|stdout|stderr|stdin|tty|u?random|fd/|pts/)|^/proc/sys|^/sys(?:/|$)",
    "everything": r"^(?:/|/\*|~/?|~/\*|\.|\./|\*|\./\*|/home/?|/home/\*|/root/?|\.\.|\.\./?|\$HOME/?|\*\*|[A-Z]:[\\/]?)$",
    "readable": r"""
        ^/proc/(?:cpuinfo|meminfo|version|uptime|loadavg|stat|self/status|driver)|^/usr/(?:share|local|lib|include)|^/opt
        |^/etc/(?:os-release|lsb-release|timezone|localtime|fonts|mime\.types|issue|hostname|ld\.so)|^/sys/(?:class|devices)
        |^/(?:System/)?Library/Fonts|^/$
    """,
    # Where hosted notebooks and clusters keep people's own data.
    "working": r"^/(?:content|kaggle|workspace|gdrive|dbfs|FileStore|mnt|media|data|datasets?)(?:/.|$)|^/dev/(?:null|zero|u?random|shm/|std|tty)",
}

_COMPILED: Final = tuple((name, re.compile(pattern, re.VERBOSE)) for name, pattern in PLACES.items())


@lru_cache(maxsize=4096)
def places(path: str) -> frozenset[str]:
    """The facets of ``path`` (``credential-store``, ``accounts``, ``startup`` ...); none for an ordinary path."""
    return frozenset(name for name, pattern in _COMPILED if pattern.search(path))
