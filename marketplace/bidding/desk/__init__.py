"""The desk: takes the commands of bidders, many in one transaction, and answers when they are on disk."""
