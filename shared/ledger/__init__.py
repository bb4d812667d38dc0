"""How we speak to the ledger: a posting goes in, its balanced entries are booked."""
