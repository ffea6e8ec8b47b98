"""Texts as they may be shown and kept: without passwords and logins."""

import re

URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://[^\s'\"]+")
PASSWORD = re.compile(r"(?i)(password\s*=\s*)[^\s;]+")


def without_credentials(text: str) -> str:
    """The text with its URLs without who logs in and without query, which may be a signature; `password=` without what follows.

    A name alone before the @ stays where it is no login: `abfss://container@account`.
    """
    return PASSWORD.sub(r"\1…", URL.sub(_shown, text))


def _shown(url: re.Match[str]) -> str:
    login = r"//[^/@]*@" if url[1].lower() in {"http", "https"} else r"//[^/@]*:[^/]*@"
    return re.sub(r"\?.*$", "?…", re.sub(login, "//…@", url[0]))
