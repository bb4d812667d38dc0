"""What the service costs, measured. Nothing here ships."""
