"""How we speak to Service Bus. The broker is never believed: the outbox sends again, the inbox counts once."""
