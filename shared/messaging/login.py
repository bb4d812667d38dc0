"""How a connection to Service Bus is had: azure-servicebus, imported only here and only when somebody connects."""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.payments.secret import Secret

if TYPE_CHECKING:
    from azure.servicebus.aio import ServiceBusClient


class Client(NamedTuple):
    """An open client, and the credential that it leaves to us to close."""

    service_bus: "ServiceBusClient"
    credential: Any = None

    async def close(self) -> None:
        await self.service_bus.close()
        if self.credential is not None:
            await self.credential.close()


@dataclass(frozen=True, slots=True)
class Login:
    """
    Who we are to the broker: a connection string, or our identity in Entra ID at the host `namespace`.

    Settings see to it that it is one of the two. Among several identities AZURE_CLIENT_ID says which.
    """

    namespace: str | None = None
    connection_string: Secret | None = None

    def load(self) -> None:
        """Import what `client` needs: some 0.2 s, so not on the event loop."""
        importlib.import_module("azure.servicebus.aio")
        if self.namespace is not None:
            importlib.import_module("azure.identity.aio")

    def client(self, **options: Any) -> Client:
        """A client that has not yet connected; `options` are those of ServiceBusClient."""
        service_bus = importlib.import_module("azure.servicebus.aio").ServiceBusClient
        if self.connection_string is not None:
            return Client(service_bus.from_connection_string(self.connection_string.reveal(), **options))
        credential = importlib.import_module("azure.identity.aio").DefaultAzureCredential()
        return Client(service_bus(self.namespace, credential, **options), credential)
