"""What is asked, without who asks: drafts, publication, amendments and the view that carriers get."""
