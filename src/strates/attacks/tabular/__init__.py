"""How the smallest change of a table's row is looked for: domains, candidates, line searches, a beam over columns."""
