"""Text -> text without secrets."""
