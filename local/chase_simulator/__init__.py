"""
A stateful Chase for developers and tests, never deployed.

simulator      the two listeners, and what a test may ask of them
chase_door     Chase's routes over HTTP; faults and the time limit (faults, listener)
admission      token, headers and environment (tokens)
payments       what Chase does (verdicts: by amount; payment_answers: its bodies; refusals: its errors)
payment_rules  what it takes, as rules (validation); instruments: by payment method (card)
books          what outlives the process (transaction)
control        the developer's side
"""

from local.chase_simulator.simulator import DEFAULT_CONTROL_PORT, ChaseSimulator
from local.chase_simulator.tokens import Credential

__all__ = ["DEFAULT_CONTROL_PORT", "ChaseSimulator", "Credential"]
