"""How much of everything the sandbox takes and keeps, so that nobody can use this machine up through it."""

LARGEST_BODY = 1_000_000
"""Bytes of one API request.  The largest that a tool sends, a launch with user data, is some thirty thousand."""
SMALL_BODY = 65_536
"""Bytes up to which a request is read at once.  Larger ones wait for each other."""
LARGE_BODIES = 4
"""How many requests larger than ``SMALL_BODY`` are read and answered at the same time."""
MOST_PARAMETERS = 4_000
"""Parameters of one API request.  AWS takes 1,000 ids in a call."""
REMEMBERED_CALLS = 20_000
"""API calls that are kept.  A demo's life is some 300."""
REMEMBERED_CHARACTERS = 2_000
"""Characters kept of one call's parameters."""
REMEMBERED_TEXT = 200
"""Characters kept of each text in them, if they are longer than that."""
REMEMBERED_NAME = 100
"""Characters kept of the name of a call."""
REMEMBERED_TOKENS = 1_000
"""Client tokens that are kept with their answers.  A demo's life has some ten."""
MOST_CONNECTIONS = 200
"""Open connections to the API.  A tool keeps some ten."""
IDLE_SECONDS = 60.0
"""How long a connection to the API may wait for a request, in seconds.  AWS's own close sooner."""
REQUEST_SECONDS = 10.0
"""How long one request may take to come, in seconds, from its first line to the end of its body."""
MOST_INSTANCES = 500
"""Instances that are not terminated, in all accounts.  The tutorial has two."""
LONGEST_TEXT = 131_072
"""Characters of one parameter.  The longest that AWS takes is a policy."""
LARGEST_DISK = 16 << 20
"""Bytes on one instance's disk."""
DISK_BLOCK = 4096
"""Bytes that an empty file or folder counts for: this machine's disk gives it as many."""
DEEPEST_FOLDER = 64
"""Folders inside each other there.  Python needs a stack to remove them."""
LONGEST_SCRIPT = 65_536
"""Characters of a script for an instance's shell.  User data has at most 16 KiB."""
MOST_NESTED = 30
"""Groups, loops and substitutions of a script inside each other."""
MOST_COMMANDS = 5_000
"""Commands that a line or script may run, with all that it starts; the next three count as commands too."""
OUTPUT_UNIT = 4_096
"""Characters of output, or of a command's words, that count as one command."""
WORDS_UNIT = 16
"""Words of a command that count as one more."""
FILE_COST = 10
"""Commands that a change of a file counts for."""
LONGEST_VALUE = 1 << 20
"""Characters of all variables of a shell together, and of what a command substitution writes."""
