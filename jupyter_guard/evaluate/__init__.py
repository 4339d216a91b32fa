"""Code that assistants wrote -> how legible and how safe it is, as a vector of numbers a cell and a model.

There is no single score: what a team weighs against what is its own decision. Nothing is run unless that is asked for.
"""
