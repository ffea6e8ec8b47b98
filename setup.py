"""What pyproject.toml cannot say: the wheel carries settings and mappings of conf/."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

PLACES = {Path("conf"): Path("conf"), Path("conf", "mappings"): Path("catalog", "mappings")}


class BuildWithConf(build_py):
    """Copies settings and mappings into a built wheel; an editable install reads them where they lie."""

    def run(self) -> None:
        """Build, then add them."""
        super().run()
        for source, place in PLACES.items() if not self.editable_mode else ():
            target = Path(self.build_lib, "outfit_pairing", place)
            target.mkdir(parents=True, exist_ok=True)
            for file in sorted(source.glob("*.yaml")):
                self.copy_file(str(file), str(target / file.name))


setup(cmdclass={"build_py": BuildWithConf})
