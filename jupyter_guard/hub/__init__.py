"""A JupyterHub's configuration -> single-user servers in which only guarded kernels start, under the site's policy.

    from jupyter_guard.hub import enforce

    enforce(c, policy="/etc/jupyter/jupyter_guard.toml")

Call it last in ``jupyterhub_config.py``: before a server starts the lock is set again, and the Hub's log names what was
set after it or by a hook; ``jupyter guard hub check`` says so beforehand.
"""

from jupyter_guard.hub.enforce import enforce
from jupyter_guard.hub.settings import Setting, settings

__all__ = ["Setting", "enforce", "settings"]
