"""After the award: each winner confirms or declines, and lots come back from one that does not stand by its bid."""
