"""What the comms team asks about formats: expected reach, and what to produce next."""
