"""
Environment -> one frozen, validated Settings. A wrong setting stops the start and names itself; nothing is guessed.

Every field is the environment variable of its name in capitals, but for the two that the Functions host reads as well
(environment_name); local.settings.sample.json and README list them all.
"""

from shared.settings.audit import AuditSettings
from shared.settings.fields import KEY_BYTES, SettingsError, decoded_key, environment_name
from shared.settings.parties import HmacCaller, MerchantSetting
from shared.settings.service import Settings

__all__ = [
    "KEY_BYTES",
    "AuditSettings",
    "HmacCaller",
    "MerchantSetting",
    "Settings",
    "SettingsError",
    "decoded_key",
    "environment_name",
]
