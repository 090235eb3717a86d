"""The portal's settings: frozen, typed, read once; each setting with its default and its meaning."""

from portal.config.sections import ClusterSettings, LimitSettings, RootSettings, Section
from portal.config.settings import ACCOUNT, Settings, load_settings

__all__ = ["ACCOUNT", "ClusterSettings", "LimitSettings", "RootSettings", "Section", "Settings", "load_settings"]
