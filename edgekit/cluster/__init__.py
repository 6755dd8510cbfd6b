"""Many machines: stages and photos as tasks of Ray, and a store that the machines share. Ray is imported here alone."""
