"""Files that ship with the package are found in folders and in archives."""

import subprocess
import sys
import zipfile
from pathlib import Path

import outfit_pairing
from outfit_pairing.package_files import package_folder

PACKAGE = Path(outfit_pairing.__file__).parent


def test_the_folder_of_a_package_is_its_own() -> None:
    assert package_folder("outfit_pairing.style", "guide") == PACKAGE / "style" / "guide"
    assert package_folder("outfit_pairing.catalog") == PACKAGE / "catalog"


def test_a_package_in_an_archive_reads_its_files(tmp_path: Path) -> None:
    """As `spark-submit --py-files` imports it: style guide, sample shape and templates, and nothing is left behind."""
    archive = tmp_path / "outfit_pairing.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in sorted(PACKAGE.rglob("*")):
            if path.suffix != ".pyc":
                packed.write(path, path.relative_to(PACKAGE.parent))
    code = (
        "import outfit_pairing, sys\n"
        "from outfit_pairing.style.vocabulary import load_style_guide\n"
        "from outfit_pairing.style.guide_files import GUIDE_FOLDER\n"
        "from outfit_pairing.patterns.prompt import prompt_template\n"
        "from outfit_pairing.catalog.sample import _shape\n"
        "assert load_style_guide() and _shape() and prompt_template()\n"
        "print(outfit_pairing.__file__, GUIDE_FOLDER, sep='\\n')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(archive), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    module, folder = ended.stdout.split()
    assert module.startswith(str(archive))
    assert folder.startswith(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]
