"""How `make docs` turns this folder into HTML: Sphinx with Markdown and a quiet theme."""

from __future__ import annotations

project = "Study platform"
author = "The study platform's developers"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = project
html_static_path: list[str] = []
# Links to files outside this folder (source, licence) are for people who read on a code host.
# Diagrams stay text: drawing them would fetch a script from elsewhere.
suppress_warnings = ["myst.xref_missing", "misc.highlighting_failure"]
