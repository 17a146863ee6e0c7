"""What an association is: its facts as values, and the way from a TOML document to them and into the database."""
