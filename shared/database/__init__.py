"""Payments at rest: two engines behind one small interface, and the invariants that only a database can hold."""
