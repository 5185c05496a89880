"""Renders and checks the Kubernetes manifests in deploy/kubernetes: `make manifests`."""
