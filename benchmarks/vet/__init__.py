"""Dangerous and benign cells -> recall, false alarms and time of vetting, beside bandit and ruff in the same run."""
