"""
`make demo-rollout`: CTP's client through a whole rollout against a service of its own, with faults all the way.

    demo.py          the weeks, the faults, what became of each bill
    verdict.py       each bill against the books of both processors
    world.py         what the demonstration needs around it: a service, Chase's books, faults, a clock
    laptop_world.py  that world: `python -m local` as a child process
    lossy.py         a way to the service on which answers get lost
"""
