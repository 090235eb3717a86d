"""The portal from Python: `Client.from_environment().submit("qc", {"data": [12]})`."""

from portal.client.client import Client

__all__ = ["Client"]
