"""The pipeline that every host calls: a cell in, a decision out."""
