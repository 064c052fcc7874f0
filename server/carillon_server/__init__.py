import os

# The core of gRPC writes a line for each bad header and each farewell, in words that the caller chose, line
# ends included. It reads this once, when it is loaded.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
