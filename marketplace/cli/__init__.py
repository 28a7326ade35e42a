"""The command line: the operator's commands, the same steps as the API for buyers, desks and admins, and the demo."""
