#!/usr/bin/env python
"""Django's command line for the study platform."""

import os
import sys


def main() -> int:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studyplatform.settings")
    from studyplatform import command_line

    return command_line.run(sys.argv)


if __name__ == "__main__":
    sys.exit(main())
