#!/bin/sh
# What checks infra/ and is too heavy for the virtual environment of the project: checkov (a venv of its own, 290 MB) and, where
# there is npm, Microsoft's parser of KQL (31 MB). Both go to .tools, where tests/infra look for them; without them those
# tests are skipped and say so. Safe to run again: what is there is left alone.
set -eu
cd "$(dirname "$0")/../.."

checkov=3.3.30
kusto=12.4.1

if [ "$(.tools/checkov/bin/checkov --version 2>/dev/null || true)" != "$checkov" ]; then
  python3 -m venv --clear .tools/checkov
  .tools/checkov/bin/python -m pip install --quiet --disable-pip-version-check "checkov==$checkov" ||
    echo "checkov cannot be had: its tests will be skipped" >&2
fi
if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
  echo "no npm: the parser of KQL is not installed, and its tests will be skipped" >&2
elif [ ! -d ".tools/kusto/node_modules/@kusto/language-service-next" ]; then
  # Where the registry cannot be reached npm would try for minutes: it is a check more, not a condition of all others.
  npm install --silent --no-audit --no-fund --no-save --fetch-retries 0 --fetch-timeout 20000 --prefix .tools/kusto \
    "@kusto/language-service-next@$kusto" || echo "npm cannot reach its registry: the parser of KQL is not installed, and its tests will be skipped" >&2
fi
