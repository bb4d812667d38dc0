"""
The proof: at whatever point a process dies, nobody is charged twice, no charge is lost, and somebody goes on.

schedule      one try: (route, start, Chase fault, policy, where it dies, where its recovery dies, its caller)
scenarios     which routes are tried from which starts, under which faults
routes        what each route and function does here
starts        the states that a payment is in before
crashing      ports that die, or freeze, at the n-th call
service       the use cases on those ports, as wiring joins them
chase_desk    Chase: the simulator's own work and our own wire, without the sockets between them
world         what outlives a process: the database's file, Chase's books, the bus, the clock
recovery      everybody who goes on, until nothing is due any more
invariants    what must hold: I1 to I8, against Chase's books (steady: of each payment by itself)
trial         one schedule from its start to its verdict
children      the same by real processes that end themselves (os._exit)
enumeration   all schedules, or a sample that is always the same
__main__      `make prove`

It lives outside what is shipped. `make prove SCHEDULE=...` runs one schedule again, by the text that it was told by.
"""
