"""What can be had where: look-ups for buyers over all footprints, answered with counts."""
