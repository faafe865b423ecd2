"""What torch's own ``add_*`` methods write, from whatever holds numbers: exact, and refused at the call if at all."""
