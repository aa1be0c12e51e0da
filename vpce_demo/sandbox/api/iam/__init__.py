"""IAM enforcement: who calls (``gate``), what each call needs (``needs``), and what the policies say (``policy``)."""
