"""The issue and its way out: assemble, proof, freeze, send, and settle what comes back."""
