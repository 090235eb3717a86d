"""Files and archives sent to whoever may have them."""
