"""The image's health check: the web process answers. It ends with 0 or an error."""

import http.client
import os
import sys

connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
connection.request("GET", "/healthz", headers={"Host": "localhost"})
sys.exit(connection.getresponse().status != http.HTTPStatus.OK)
