#!/bin/sh
# Builds what the image would hold into a temporary folder, serves it and asks for its health.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
web=
trap '[ -z "$web" ] || kill "$web" 2>/dev/null || true; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

PYTHON=${PYTHON:-python3} sh docker/build.sh "$PWD" "$folder"
if "$folder/venv/bin/python" -m pip --version >/dev/null 2>&1; then
  echo "pip is still in the image" >&2
  exit 1
fi

cd "$folder/app"
export MODE=production SECRET_KEY=try-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-abc
export FIELD_KEYS=k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= LINK_KEY=try
export DATABASE_URL=postgresql://nobody@127.0.0.1:1/nothing REDIS_URL=redis://127.0.0.1:1/0
export STATIC_DIR="$folder/static" VAR_DIR="$folder/var"
port=$("$folder/venv/bin/python" -c \
  'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export BIND="127.0.0.1:$port" LOG_LEVEL=WARNING
"$folder/venv/bin/python" -m gunicorn -c python:studyplatform.webserver studyplatform.wsgi &
web=$!
tries=0
until PORT=$port "$folder/venv/bin/python" "$OLDPWD/docker/healthcheck.py" 2>/dev/null; do
  tries=$((tries + 1))
  if [ "$tries" -gt 60 ] || ! kill -0 "$web" 2>/dev/null; then
    echo "the image's web server did not become healthy" >&2
    exit 1
  fi
  sleep 0.5
done
echo "the image's steps work: $(du -sm "$folder" | cut -f1) MB, and it serves"
