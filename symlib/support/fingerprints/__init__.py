"""Keys of code and values: equal in every process, changed by whatever changes the result of a call."""

from symlib.support.fingerprints.keys import call_fingerprint, code_fingerprint, codes_of, setting_fingerprint

__all__ = ["call_fingerprint", "code_fingerprint", "codes_of", "setting_fingerprint"]
