"""
A stateful Chase for developers and tests, never deployed.

simulator      the two listeners, and what a test may ask of them
routes         Chase's routes; chase_door: each over HTTP, with faults and the time limit (faults, listener)
credentials    its clients; client_secrets, assertions: how they get a token (forms, tokens)
desk           what every operation does alike (admission: token, headers and environment; refusals: errors)
payments       what Chase does; voids, captures, refunds, verifications likewise
verdicts       what an issuer says, by amount; payment_answers: Chase's bodies
payment_rules  what it takes, as rules (refund_rules, validation)
instruments    by payment method: card, ach, applepay, googlepay (card_network, sealed, masks)
books          what outlives the process (book_file, transaction, records)
control        the developer's side

What a test or a developer can bring about, beside the faults that are ordered:

an amount of a reason code x 100    declined: 52100, 53000, ... (verdicts); of a partial refund too. ACH: all but the
                                    reasons that only a card can have (302 401 402 501 502 522 531 605)
an amount of 77700                  a card or wallet is approved for half of it, whatever the merchant asked for
cards 4444444444444455 and          approved for half, if `partialAuthorizationSupport` is SUPPORTED
5555555555555565
the clock, past captureTime         a DELAYED payment captures itself: CLOSED
the clock, past 06:00 UTC of the    what was captured is COMPLETED, and so are refunds
day after

A request-id is the merchant's, whatever the operation. One whose request was refused is free; one whose request was
answered, approved or declined, is taken.
"""

from local.chase_simulator.credentials import Credential
from local.chase_simulator.simulator import DEFAULT_CONTROL_PORT, ChaseSimulator

__all__ = ["DEFAULT_CONTROL_PORT", "ChaseSimulator", "Credential"]
