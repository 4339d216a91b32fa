"""Python text -> effects: an abstract interpreter that carries names, values, taint and authors from cell to cell."""
