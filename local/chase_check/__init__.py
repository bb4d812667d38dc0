"""`make chase-check`: the production client through Chase's certification flows, against the configured Chase."""
