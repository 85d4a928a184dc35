"""The OCI distribution API: `/v2/`, with Basic authentication, bodies that stream."""
