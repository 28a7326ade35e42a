"""What is said of a file that can't be taken."""


class UnfitError(Exception):
    """The file is readable and not what we take: the message ends 'This file can't be taken: ...'."""


BROKEN = "it is broken"
