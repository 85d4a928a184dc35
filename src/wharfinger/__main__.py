"""`python -m wharfinger` is the `wharfinger` command."""

from wharfinger.cli.main import main

main()
