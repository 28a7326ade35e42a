"""Pages for everybody: landing, registration, help, and the kit in development."""
