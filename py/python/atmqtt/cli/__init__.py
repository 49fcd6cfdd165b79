"""The command line ``atmqtt``: one file for each of its commands.

It needs nothing besides the package itself. With the extra ``cli`` (``pip install "atmqtt[cli]"``)
what is printed on a terminal has colours, tables and progress bars, and ``atmqtt at`` shows what the
module says by itself above the line that is being typed.
"""

from .main import main

__all__ = ["main"]
