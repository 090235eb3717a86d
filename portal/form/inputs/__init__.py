"""What a form knows of the data that was picked: datasets, their files and arrays, which of them a slot takes."""
