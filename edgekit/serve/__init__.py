"""Serving: artifacts behind REST and gRPC, ready once their golden samples have passed where they are answered."""
