"""How we speak to Chase: a sale goes in, an outcome comes out. Start at client.py; wire.py knows the fields."""
