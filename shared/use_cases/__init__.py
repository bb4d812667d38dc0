"""What the service does: one verb, one module. What it needs from outside stands in ports.py, as Protocols."""
