"""``python -m unmask.cli`` is the command ``unmask``."""

from unmask.cli.command import main

if __name__ == "__main__":
    main()
