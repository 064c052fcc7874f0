"""The vocabulary of limits: small rules that compose into one for a whole message.

A rule takes a value that is set and returns what is wrong with it, with paths relative to the value; an empty
answer means that all is well. Rules are pure and know nothing of gRPC.
"""
