import tempfile
import unittest
from pathlib import Path

from chatter_persona.build import Wrong, _tidied, read_project


class Projects(unittest.TestCase):
    def read(self, manifest: str):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pyproject.toml"
            file.write_text(manifest)
            return read_project(file)

    def test_the_module_has_the_projects_name_as_far_as_a_module_may(self):
        for name, module in (("parrot", "parrot"), ("My_Bird", "my-bird")):
            manifest = f'[project]\nname = "{name}"\nversion = "1"\n[tool.chatter]\npersona = "a:B"\n'
            self.assertEqual(self.read(manifest), (module, "1", "a", "B"))

    def test_what_is_missing_is_named(self):
        named = '[project]\nname = "x"\n'
        for manifest, words in (
            ("[project\n", "pyproject.toml: "),
            ("", "`project.name` is missing"),
            (named, "`project.version` is missing"),
            (named + 'version = "1"\n', "`tool.chatter.persona` is missing"),
            (named + 'version = "1"\n[tool.chatter]\npersona = "a"\n', "'a' is not of the form"),
        ):
            with self.assertRaises(Wrong) as caught:
                self.read(manifest)
            self.assertIn(words, str(caught.exception))

    def test_of_a_failed_build_the_authors_traceback_is_left(self):
        said = """Traceback (most recent call last):
  File "<string>", line 1, in <module>
AssertionError: Traceback (most recent call last):
  File "/0/persona.py", line 75
    return say("NEW " + words
              ^
SyntaxError: '(' was never closed


Caused by:
    SyntaxError: '(' was never closed (persona.py, line 75)

Stack backtrace:
   0: <anyhow::Error>::msg
"""
        self.assertEqual(
            _tidied(said).splitlines(),
            [
                "Traceback (most recent call last):",
                '  File "persona.py", line 75',
                '    return say("NEW " + words',
                "              ^",
                "SyntaxError: '(' was never closed",
            ],
        )
        self.assertEqual(_tidied("no such option\n"), "no such option")
