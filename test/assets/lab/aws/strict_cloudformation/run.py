"""`run.py TAP_FILE [TEST…]`: runs the tests, and writes their results for scripts/test-counts.ts. Exit code 1 if one fails."""
import logging
import pathlib
import sys
import unittest


class TapResult(unittest.TextTestResult):
    """Collects a line for each test; `1..N` counts those that began, so that one that never reports has failed."""

    lines: list[str] = []

    def _line(self, word, test, note=""):
        self.lines.append(f"{word} {len(self.lines) + 1} {test.id()}{note}")

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line("ok", test)

    def addError(self, test, err):
        super().addError(test, err)
        self._line("not ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("not ok", test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, f" # skip {reason}")


def main(tap_file, names):
    directory = pathlib.Path(__file__).parent
    sys.path.insert(0, str(directory))
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(directory))
    planned = suite.countTestCases()
    # ministack logs each failure that a test provokes.
    logging.disable(logging.CRITICAL)
    result = unittest.TextTestRunner(verbosity=1, resultclass=TapResult).run(suite)
    pathlib.Path(tap_file).write_text("\n".join([f"1..{planned}", *TapResult.lines, ""]))
    return 0 if planned and result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
