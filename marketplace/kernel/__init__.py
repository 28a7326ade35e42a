"""What knows nothing of telecom: configuration, time, identifiers, money, database, journal, security, HTTP."""
