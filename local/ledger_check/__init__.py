"""`make ledger-check`: every payment's entries, held against Chase's books on this machine."""
