"""Approved tools: declared, described, granted, called, and everything that can go wrong with one."""
