"""What is handed to the wrapped kernel's process: files without dependencies, for Python 3.8 and newer.

They run by path in whatever environment the kernel has, where this package need not be installed.
"""
