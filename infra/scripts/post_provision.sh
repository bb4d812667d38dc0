#!/bin/sh
# azd runs this after it has provisioned, with the outputs of the deployment in the environment. Needs `az login`, Python,
# unixODBC and Microsoft's ODBC Driver 18, and a way to the database: in production, a machine in the subnet `operators`.
set -eu
cd "$(dirname "$0")/../.."

venv=.local/provision-venv
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt
fi
exec "$venv/bin/python" -m infra.scripts.post_provision
