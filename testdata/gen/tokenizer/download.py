"""Download the source of a package, as pip does.

    python download.py NAME==VERSION FOLDER

`pip download` of a source first runs its build to learn what else it needs, which for
some takes gigabytes. This stops before that.
"""
import sys

from pip._internal.commands import create_command
from pip._internal.network.download import Downloader
from pip._internal.req.constructors import install_req_from_line


def main():
    spec, folder = sys.argv[1:]
    command = create_command("download")
    options, _ = command.parse_args(["--no-deps", "--no-binary", ":all:", "-d", folder, spec])
    with command.main_context():
        session = command.get_default_session(options)
        finder = command._build_package_finder(options, session)
        need = install_req_from_line(spec)
        best = finder.find_best_candidate(need.name, need.specifier).best_candidate
        if best is None:
            sys.exit(f"no source of {spec}")
        try:
            download = Downloader(session, "off")
        except TypeError:  # newer versions of pip ask how often to go on after an interruption
            download = Downloader(session, "off", 3)
        download(best.link, folder)


if __name__ == "__main__":
    main()
