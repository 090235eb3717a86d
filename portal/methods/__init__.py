"""How a result was made, for a paper and for other programs: sentences, references, BibTeX, RO-Crate."""
