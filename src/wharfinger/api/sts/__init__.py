"""AWS STS: the query protocol of AWS, forms in and XML out, and the four operations that a registry needs."""
