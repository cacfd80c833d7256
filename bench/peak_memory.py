#!/usr/bin/python3
"""Runs a command and leaves its peak memory in KiB in FOLDER/memory-PID: mpirun starts one for every rank.

usage: peak_memory.py FOLDER COMMAND...

Imports little, since a command is never seen to use less than the process that started it.
"""
import os
import resource
import subprocess
import sys

code = subprocess.call(sys.argv[2:])
with open(os.path.join(sys.argv[1], "memory-%d" % os.getpid()), "w") as stream:
	stream.write("%d\n" % resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
