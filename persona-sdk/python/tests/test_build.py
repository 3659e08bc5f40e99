import tempfile
import unittest
from pathlib import Path

from chatter_persona.build import Wrong, read_project


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
