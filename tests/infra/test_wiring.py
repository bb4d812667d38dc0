"""Parameters, outputs, names, roles and secrets: what a compiler and a first deployment would find out."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.infra.bicep import FILES, INFRA, MAIN, BicepFile, Block, at, properties, read, strings, text, walk

NAMES = [path.relative_to(INFRA).as_posix() for path in FILES]
EVERY_FILE = pytest.mark.parametrize("path", FILES, ids=NAMES)
CALLS = [(path, module) for path in FILES for module in read(path).modules.values()]
EVERY_CALL = pytest.mark.parametrize(
    ("path", "module"), CALLS, ids=[f"{path.stem}-{module.symbol}" for path, module in CALLS]
)
ROLES = {name: text(node) for name, node in properties(read(MAIN).variables["roles"]).items()}
# What a value may be where a name says that it is secret: from the vault, or given to the deployment as a secret.
_SECRET_NAMES = re.compile(r"SECRET|PRIVATE_KEY|_KEYS$|PASSWORD|HMAC_CALLERS|TOKEN$")
_VAULT = re.compile(r"@Microsoft\.KeyVault\(SecretUri=\$\{keyVaultUri\}secrets/([a-z-]+)\)")


def _target(path: Path, module: Block) -> BicepFile:
    return read((path.parent / module.what).resolve())


class TestModules:
    @EVERY_CALL
    def test_are_given_every_parameter_that_they_require_and_no_other(self, path: Path, module: Block) -> None:
        known = _target(path, module).params
        given = set(properties(at(module.body, "params")))

        assert given - set(known) == set()
        assert {name for name, param in known.items() if param.required} - given == set()

    @EVERY_CALL
    def test_outputs_that_are_read_exist(self, path: Path, module: Block) -> None:
        asked = set(re.findall(rf"\b{module.symbol}\.outputs\.(\w+)", path.read_text("utf-8")))

        assert asked - set(_target(path, module).outputs) == set()

    def test_every_one_is_used(self) -> None:
        used = {(path.parent / module.what).resolve() for path, module in CALLS} | {MAIN}

        assert set(FILES) - used == set()

    @pytest.mark.parametrize(
        "path", [path for path in FILES if path != MAIN], ids=[n for n in NAMES if n != "main.bicep"]
    )
    def test_outputs_are_all_read_by_somebody(self, path: Path) -> None:
        callers = [
            (caller, module.symbol) for caller, module in CALLS if (caller.parent / module.what).resolve() == path
        ]
        read_by = {
            name
            for caller, symbol in callers
            for name in re.findall(rf"\b{symbol}\.outputs\.(\w+)", caller.read_text("utf-8"))
        }

        assert set(read(path).outputs) - read_by == set()


@EVERY_FILE
def test_every_parameter_and_variable_is_used(path: Path) -> None:
    found = read(path)

    assert (set(found.params) | set(found.variables)) - found.names_used() == set()


def test_outputs_of_the_whole_are_named_as_azd_keeps_them() -> None:
    assert [name for name in read(MAIN).outputs if not re.fullmatch(r"[A-Z][A-Z0-9_]+", name)] == []


def test_every_parameter_of_the_whole_is_described() -> None:
    source = MAIN.read_text("utf-8")

    for name in read(MAIN).params:
        before = source[: re.search(rf"^param {name} ", source, re.M).start()]  # type: ignore[union-attr]
        decorators = before.rsplit("\n\n", 1)[-1]
        assert "@description(" in decorators, name


class TestNames:
    def test_of_resources_are_told_apart_by_installation_and_token(self) -> None:
        main = read(MAIN)
        named = [
            text(value).strip("'")
            for module in main.modules.values()
            for key, value in properties(at(module.body, "params")).items()
            if (key == "name" or (key.endswith("Name") and key != "displayName")) and text(value).startswith("'")
        ]

        assert [name for name in named if "token" not in name] == []
        assert [name for name, times in Counter(named).items() if times > 1] == []

    def test_of_deployments_are_unique(self) -> None:
        names = [module.text("name") for _, module in CALLS]

        assert [name for name, times in Counter(names).items() if times > 1] == []

    @pytest.mark.parametrize(
        ("module", "parameter", "longest"),
        [
            ("storage", "hostAccountName", 24),
            ("storage", "recordsAccountName", 24),
            ("keyVault", "name", 24),
            ("serviceBus", "name", 50),
            ("sql", "serverName", 63),
            ("functionApp", "name", 60),
        ],
    )
    def test_are_never_longer_than_the_platform_takes(self, module: str, parameter: str, longest: int) -> None:
        name = read(MAIN).modules[module].text("params", parameter).strip("'")
        length_of = {"${take(token, 13)}": 13, "${token}": 13, "${environmentName}": 16}
        length = sum(length_of[part] if part in length_of else len(part) for part in re.split(r"(\$\{[^}]*\})", name))

        assert length <= longest


class TestRoles:
    def test_every_one_is_given_to_somebody(self) -> None:
        assert {name for name in ROLES if f"roles.{name}\n" not in MAIN.read_text("utf-8")} == set()

    def test_ids_are_told_apart(self) -> None:
        assert len(set(ROLES.values())) == len(ROLES)
        assert all(re.fullmatch(r"'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'", found) for found in ROLES.values())

    @EVERY_FILE
    def test_every_role_that_a_module_is_given_it_assigns(self, path: Path) -> None:
        found = read(path)
        asked = {name for name in found.params if name.endswith("RoleId")}
        # Named itself, or one of those that a loop goes through.
        assigned = {
            name
            for resource in found.resources.values()
            if resource.what.startswith("Microsoft.Authorization/roleAssignments@")
            for name in re.findall(r"\w+RoleId", _whole(resource))
        }

        assert asked - assigned == set()

    def test_each_assignment_is_to_the_identity_of_the_app_on_one_resource(self) -> None:
        assignments = [
            resource
            for path in FILES
            for resource in read(path).resources.values()
            if resource.what.startswith("Microsoft.Authorization/roleAssignments@")
        ]

        assert len(assignments) >= 7
        for assignment in assignments:
            scope = assignment.text("scope").split("[")[0]
            assert assignment.text("properties", "principalId") == "appPrincipalId"
            assert assignment.text("properties", "principalType") == "'ServicePrincipal'"
            assert assignment.text("name").startswith(f"guid({scope}")

    def test_nobody_gets_owner_or_contributor(self) -> None:
        wide = {
            "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",  # Owner
            "b24988ac-6180-42a0-ab88-20f7382dd24c",  # Contributor
            "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",  # User Access Administrator
        }

        assert wide & {found.strip("'") for found in ROLES.values()} == set()


class TestIdentity:
    def test_every_one_that_is_made_is_used(self) -> None:
        made = [
            path
            for path in FILES
            for resource in read(path).resources.values()
            if resource.what.startswith("Microsoft.ManagedIdentity/")
        ]

        assert [path.name for path in made] == ["identity.bicep"]
        app = read(INFRA / "modules" / "function_app.bicep").resources["app"]
        assert "identityId" in app.text("identity", "userAssignedIdentities")
        assert app.text("properties", "keyVaultReferenceIdentity") == "identityId"
        storage = at(app.body, "properties", "functionAppConfig", "deployment", "storage", "authentication")
        assert text(properties(storage)["userAssignedIdentityResourceId"]) == "identityId"

    @pytest.mark.parametrize(
        ("file", "resource", "path", "value"),
        [
            ("service_bus", "namespace", ("properties", "disableLocalAuth"), "true"),
            ("monitoring", "component", ("properties", "DisableLocalAuth"), "true"),
            ("monitoring", "workspace", ("properties", "features", "disableLocalAuth"), "true"),
            ("storage", "host", ("properties", "allowSharedKeyAccess"), "false"),
            ("storage", "records", ("properties", "allowSharedKeyAccess"), "false"),
            ("sql", "server", ("properties", "administrators", "azureADOnlyAuthentication"), "true"),
            ("key_vault", "vault", ("properties", "enableRbacAuthorization"), "true"),
        ],
    )
    def test_nothing_takes_a_key_or_a_password_instead(
        self, file: str, resource: str, path: tuple[str, ...], value: str
    ) -> None:
        assert read(INFRA / "modules" / f"{file}.bicep").resources[resource].text(*path) == value


class TestSecrets:
    @EVERY_FILE
    def test_no_key_is_asked_of_a_resource(self, path: Path) -> None:
        source = path.read_text("utf-8")

        assert re.findall(r"\blist(?:Keys|AccountSas|ConnectionStrings|Secrets)?\(", source) == []
        assert re.findall(r"AccountKey=|SharedAccessKey=|Password=|Pwd=", source, re.I) == []

    def test_settings_that_are_secret_come_from_the_vault(self) -> None:
        settings = _settings()

        secret = {name: value for name, value in settings.items() if _SECRET_NAMES.search(name)}
        assert {"CHASE_PRIVATE_KEY", "CHASE_CLIENT_SECRET", "FINGERPRINT_KEYS", "HMAC_CALLERS"} <= set(secret)
        assert {name for name, value in secret.items() if not _VAULT.fullmatch(value)} == set()

    def test_each_is_in_the_vault_under_its_own_name_and_in_the_guide(self) -> None:
        found = {name: _VAULT.fullmatch(value) for name, value in _settings().items() if "KeyVault" in value}
        guide = (INFRA.parent / "docs" / "deploy.md").read_text("utf-8")

        for setting, reference in found.items():
            assert reference
            assert reference[1] == setting.lower().replace("_", "-")
            assert f"| `{reference[1]}` | `{setting}` |" in guide

    @EVERY_FILE
    def test_parameters_that_carry_one_are_secure_all_the_way(self, path: Path) -> None:
        carry = {name for name in read(path).params if re.search(r"webhook|password|secret(?!s)", name, re.I)}

        assert {name for name in carry if not read(path).params[name].secure and name != "secretsUserRoleId"} == set()

    @EVERY_FILE
    def test_no_output_carries_one(self, path: Path) -> None:
        carries = re.compile(r"webhook|password|primaryKey|secret", re.I)

        assert {name for name, node in read(path).outputs.items() if carries.search(text(node))} == set()


def _settings() -> dict[str, str]:
    """The app settings, all arms of conditions together: name -> value as written."""
    found: dict[str, str] = {}
    for node in walk(read(INFRA / "modules" / "function_app.bicep").root):
        if node.type == "object":
            pair = properties(node)
            if set(pair) == {"name", "value"}:
                found[strings(pair["name"])[0]] = text(pair["value"]).strip("'")
    return found


def _whole(resource: Block) -> str:
    node = resource.body
    while node.type != "resource_declaration":
        assert node.parent is not None
        node = node.parent
    return text(node)
