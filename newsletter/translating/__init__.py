"""The English of the readers' pages: which sentences there are, and the catalogue that holds their translations."""
