"""Whether the metrics of ``jupyter guard evaluate`` tell code that somebody else calls worse from what they call better."""
