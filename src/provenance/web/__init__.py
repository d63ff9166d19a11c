"""Pages on this machine: the guarded server and what the pages share."""
