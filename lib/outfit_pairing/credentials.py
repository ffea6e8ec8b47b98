"""Texts as they may be shown and kept: without passwords and logins."""

import re


def without_credentials(text: str) -> str:
    """A URL without who logs in and without query, which may be a signature; `password=` of other texts without what follows.

    A name alone before the @ stays where it is no login: `abfss://container@account`.
    """
    scheme = re.match(r"^([A-Za-z][A-Za-z0-9+.-]*)://", text)
    if not scheme:
        return re.sub(r"(?i)(password\s*=\s*)\S+", r"\1…", text)
    login = r"//[^/@]*@" if scheme[1].lower() in {"http", "https"} else r"//[^/@]*:[^/]*@"
    return re.sub(r"\?.*$", "?…", re.sub(login, "//…@", text))
