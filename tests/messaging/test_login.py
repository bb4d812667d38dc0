"""Who we are to the broker: by a connection string, or by our identity."""

from azure.identity.aio import DefaultAzureCredential

from shared.messaging.login import Login
from shared.payments.secret import Secret

STRING = "Endpoint=sb://there:5699;SharedAccessKeyName=app;SharedAccessKey=a-key;UseDevelopmentEmulator=true"


async def test_a_connection_string_names_the_broker_and_the_key() -> None:
    login = Login(connection_string=Secret(STRING))
    login.load()

    client = login.client(retry_total=0)

    assert (client.service_bus.fully_qualified_namespace, client.credential) == ("there:5699", None)
    await client.close()


async def test_a_namespace_is_entered_by_identity_and_the_credential_is_closed_with_the_client() -> None:
    login = Login(namespace="payments.servicebus.windows.net")
    login.load()

    client = login.client(retry_total=0)

    assert client.service_bus.fully_qualified_namespace == "payments.servicebus.windows.net"
    assert isinstance(client.credential, DefaultAzureCredential)
    await client.close()


def test_a_login_prints_without_its_key() -> None:
    assert "a-key" not in repr(Login(connection_string=Secret(STRING)))
