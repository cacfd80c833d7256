#!/bin/bash
# Single failures (of an allocation, a read, a write, a call of MPI ...) at points of small runs on 3 ranks: no hang, no
# wrong result, one message; see tests/inject/injection.py.
# bash test_injection.sh [OPTIONS of injection.py]: without any a choice that takes about a minute; --full: every call.
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- --limit 6 --jobs 3
exec "${PYTHON:-/usr/bin/python3}" "$here/../inject/injection.py" "$@"
