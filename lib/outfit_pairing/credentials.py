"""Texts as they may be shown and kept: without passwords and logins."""

import re

SCHEME = r"([A-Za-z][A-Za-z0-9+.-]*)://"
WHOLE = re.compile(rf"^{SCHEME}.*$", re.DOTALL)
EMBEDDED = re.compile(rf"{SCHEME}[^\s\"]+")
PASSWORD = re.compile(r"(?i)(password\s*=\s*)\S+")


def without_credentials(text: str) -> str:
    """A URL, or a text with its URLs, without who logs in and without query, which may be a signature; no word after `password=`.

    A name alone before the @ stays where it is no login: `abfss://container@account`.
    """
    urls = WHOLE if WHOLE.match(text) else EMBEDDED
    return PASSWORD.sub(r"\1…", urls.sub(_shown, text))


def _shown(url: re.Match[str]) -> str:
    login = r"//[^/@]*@" if url[1].lower() in {"http", "https"} else r"//[^/@]*:[^/]*@"
    return re.sub(r"(?s)\?.*$", "?…", re.sub(login, "//…@", url[0]))
