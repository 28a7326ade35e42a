"""The e-mail channel: who is to be mailed when, what a mail says, how it is sent, and what comes back."""
