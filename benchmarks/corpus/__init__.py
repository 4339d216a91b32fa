"""How long many notebooks take, and how much memory, by how many there are and how many processes work."""
