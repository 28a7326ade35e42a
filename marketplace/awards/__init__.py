"""Who wins and who learns the name: comparison, selection, disclosure."""
