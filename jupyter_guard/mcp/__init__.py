"""An MCP client's calls -> what the guard says of code, approved tools, and guarded runs on an open notebook's kernel.

Nothing here approves anything: what the policy asks about is asked where the notebook is open.
"""
