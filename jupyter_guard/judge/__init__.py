"""Effects -> findings."""
