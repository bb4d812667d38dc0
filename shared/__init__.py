"""
The rooms: everything a door may call. Imports point one way, top to bottom (import-linter holds it).

    wiring      joins the rooms: builds each part once, from settings
    use_cases   what the service does: one verb, one module; ports.py says what the verbs need
    chase       how we speak to Chase            database    payments at rest
    ledger      how we speak to the ledger       messaging   how we speak to Service Bus
    bank        where the bank's files are fetched from
    anchors     where the audit's anchors are kept for ever
    auth        who is calling, and what may they do
    settings    environment -> one frozen, validated Settings
    telemetry   events, figures, traces          clock       the time, and waiting for it
    fingerprint bodies, to be known again        sealing     instruments, while they must wait
    shadow      pure: who is in which mode, and what "the same answer" means
    payments    the domain, pure
"""
