"""The deployment of the shop: images, compose, Kubernetes, local processes, observability."""
