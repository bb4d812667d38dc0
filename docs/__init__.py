"""The pages for callers and colleagues, and what writes into them what the code already knows."""
