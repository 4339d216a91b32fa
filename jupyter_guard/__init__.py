"""Guards a Jupyter session while people and assistants write code in it."""
