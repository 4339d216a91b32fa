"""Of ``jupyter_guard.mcp``. Not called ``mcp``: that would be the SDK's name while these are collected."""
