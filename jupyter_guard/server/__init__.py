"""The jupyter_server extension."""
