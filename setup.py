"""What pyproject.toml cannot say: the wheel carries conf/mappings/ as outfit_pairing/catalog/mappings/."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithMappings(build_py):
    """Copies the mappings into a built wheel; an editable install reads them where they lie."""

    def run(self) -> None:
        """Build, then add the mappings."""
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "outfit_pairing", "catalog", "mappings")
            target.mkdir(parents=True, exist_ok=True)
            for mapping in sorted(Path("conf", "mappings").glob("*.yaml")):
                self.copy_file(str(mapping), str(target / mapping.name))


setup(cmdclass={"build_py": BuildWithMappings})
