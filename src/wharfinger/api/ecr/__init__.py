"""The ECR API: `POST /` with a target header, JSON in and out, signed requests."""
