"""
CTP's client of the payment service: the rollout protocol done right, over a store that survives a crash.

    client.py         collect, give_up, tick, resume
    protocol.py       the protocol as tables, pure: next action, and what an answer makes of an attempt
    attempt.py        what is written down
    store.py          where: a Protocol, and sqlite_store.py
    existing.py       what CTP brings: its processor and its instruments
    service.py        the calls, answers.py what they mean, transport.py and deadline.py how they end in time
    auth.py           bearer token or request signature
    reporting.py      a thread for shadow's reports
    example.py        an example CTP
"""

from ctp.attempt import Attempt, Bill, Control, GivingUp, Phase, Processor, Report
from ctp.auth import Auth, BearerAuth, HmacAuth
from ctp.client import RolloutClient
from ctp.existing import ExistingAnswer, ExistingProcessor, SaleSource
from ctp.protocol import Policy
from ctp.reporting import ReportingThread
from ctp.service import PaymentService, Within
from ctp.sqlite_store import SqliteAttempts
from ctp.store import AttemptStore, ChangedMeanwhile
from ctp.transport import RequestsTransport, Transport

__all__ = [
    "Attempt",
    "AttemptStore",
    "Auth",
    "BearerAuth",
    "Bill",
    "ChangedMeanwhile",
    "Control",
    "ExistingAnswer",
    "ExistingProcessor",
    "GivingUp",
    "HmacAuth",
    "PaymentService",
    "Phase",
    "Policy",
    "Processor",
    "Report",
    "ReportingThread",
    "RequestsTransport",
    "RolloutClient",
    "SaleSource",
    "SqliteAttempts",
    "Transport",
    "Within",
]
