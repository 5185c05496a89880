#!/usr/bin/env bash
# Makes the Secrets that the manifests refer to, each with a random password; existing Secrets stay unchanged.
#   deploy/kubernetes/make-secrets.sh local|production
# With other stores of secrets (External Secrets, Sealed Secrets), make the same names: username and password in each.
set -euo pipefail

case ${1:-} in
  local) names=(admin command cursor-key projector query tools mongodb-key rabbitmq-default-user) ;;
  production) names=(admin command cursor-key projector query tools) ;; # the operator makes rabbitmq-default-user
  *)
    echo "usage: $0 local|production" >&2
    exit 2
    ;;
esac

for name in "${names[@]}"; do
  if kubectl --namespace twinpath get secret "$name" >/dev/null 2>&1; then
    echo "$name is there"
    continue
  fi
  # through a pipe, so that no password is in a command line; letters and digits only, as they become part of addresses
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n' |
    kubectl --namespace twinpath create secret generic "$name" --from-literal=username="$name" --from-file=password=/dev/stdin
done
