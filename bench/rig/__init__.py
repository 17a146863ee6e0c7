"""What the benchmarks stand on: an installation of their own, Postfix's load generators, a slow relay, the machine."""
