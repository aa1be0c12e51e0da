"""What AWS asks for each billed part of the demo: a table that comes with the program, and AWS's own Price List."""
