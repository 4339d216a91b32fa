"""A policy's grants -> a process that the operating system holds to them.

``plan`` says what the policy requires and what this machine really gives; ``launcher`` starts the kernel in it.
"""
