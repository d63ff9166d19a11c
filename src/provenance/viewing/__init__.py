"""``provenance view``: files on a local page, by risk, with their reports."""
