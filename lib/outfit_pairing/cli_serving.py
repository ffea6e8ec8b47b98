"""The command that serves released outfits over HTTP."""
