"""Whether anything is lost while processes, database, connections, disk and clock fail: ``make faults``."""
