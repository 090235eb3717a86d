"""Finding among what somebody may see: experiments by number, texts that were typed with a slip."""
