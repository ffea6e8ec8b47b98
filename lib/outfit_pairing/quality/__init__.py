"""Whether a result is good enough to publish: an audit written apart from the matcher, metrics, gates and a report page."""
