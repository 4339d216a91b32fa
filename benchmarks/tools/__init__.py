"""What an approved tool costs: its calls, and the vetting of cells that may call tools only."""
