"""Helpers of the tests, by what a test needs.

What is pushed: `content`, `manifests`, `manifest_bodies`.
A server: `server`, `registry`, `memory`; its data directory: `inside`, `invariants`.
Calls of it, which give an `answer`: `oci`, `raw_ecr`, `wire`, `signing`; of one operation: `put_image`, `ecr_layers`,
`repository_settings`, `deletions`; what is refused: `ecr_errors`.
Requests made from a model of the API: `ecr_model` (botocore's), `ecr_requests` (our own).
The application in the test's own process: `state`, `doors`, `place`, `workers`, `journeys`, `use_cases`, `statements`.
What requests leave behind: `trail`.
What web hooks reach: `receiver`, with `certificates`.
What goes wrong there: `failpoints`, `disk`, `other_processes`; what goes wrong with the data: `damage`, `audited`.
The rules written down once more: `removal`, `repository_model`, `usage`; what they decide in a short notation: `plans`.
Real clients: `shell`, `command_line`, `programs`, `daemons`; what a page tells them to do: `readme`, `guide`, `shop`.
Waiting: `poll`. What was measured: `figures`.
"""
