"""Wharfinger: a self-hosted container registry that speaks Amazon ECR and OCI."""

__version__ = "0.1.0"
