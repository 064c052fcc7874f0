"""A Carillon service in memory, for tests of code that uses the client."""

from carillon.testing._fake import FakeCarillon

__all__ = ["FakeCarillon"]
