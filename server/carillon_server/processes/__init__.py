"""Several servers on one port, and the supervisor that keeps them.

Each server is a process of its own with one event loop, started afresh: gRPC's threads do not survive a fork,
so the supervisor never loads it. The kernel spreads connections over all that listen (SO_REUSEPORT). Between
the supervisor and each server there is one line, a pair of sockets: over it a server says that it is ready
and tells its metrics; its end tells each side that the other is gone.
"""
