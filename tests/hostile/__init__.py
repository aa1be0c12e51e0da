"""What comes from outside and means no good: every parser answers with a clear error, and nothing else happens."""
