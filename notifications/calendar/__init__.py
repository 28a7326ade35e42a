"""Calendar: the instants and days that matter to a user, as an iCalendar file and as a feed."""
