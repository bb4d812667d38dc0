"""How this process reaches Service Bus, from settings."""

from shared.messaging.login import Login
from shared.messaging.publisher import ServiceBusPublisher
from shared.settings import Settings, SettingsError, environment_name
from shared.telemetry.context import beside_a_message


def service_bus_login(settings: Settings) -> Login | None:
    """As whom, and where; None where settings name no broker (a laptop's bus runs in process)."""
    if settings.servicebus_namespace is None and settings.servicebus_connection_string is None:
        return None
    return Login(settings.servicebus_namespace, settings.servicebus_connection_string)


def service_bus_publisher(settings: Settings) -> ServiceBusPublisher:
    """Raises SettingsError where settings name no broker."""
    login = service_bus_login(settings)
    if login is None:
        raise SettingsError(f"{environment_name('servicebus_namespace')}: is needed to publish messages")
    return ServiceBusPublisher(login, timeout_s=settings.servicebus_timeout_s, properties=beside_a_message)
