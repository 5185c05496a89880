#!/usr/bin/env bash
# Makes the Secrets that the manifests refer to, each with a random password; existing Secrets stay unchanged.
#   deploy/kubernetes/make-secrets.sh local|production
# With other stores of secrets (External Secrets, Sealed Secrets), make the same names: username and password in each.
set -euo pipefail

case ${1:-} in
  local) names=(bi command cursor-key mongodb-admin mongodb-key projector query rabbitmq-default-user redis-admin tools) ;;
  production) names=(command cursor-key mongodb-admin projector query redis-admin tools) ;; # the operator makes rabbitmq-default-user
  *)
    echo "usage: $0 local|production" >&2
    exit 2
    ;;
esac

is_there() { kubectl --namespace twinpath get secret "$1" >/dev/null 2>&1; }

# Letters and digits only, as others make addresses of it. MongoDB's data were made with the administrator of former
# versions, which was everybody's.
password() {
  if [ "$1" = mongodb-admin ] && is_there admin; then
    kubectl --namespace twinpath get secret admin --output 'go-template={{.data.password | base64decode}}'
  else
    od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
  fi
}

for name in "${names[@]}"; do
  if is_there "$name"; then
    echo "$name is there"
    continue
  fi
  # through a pipe, so that no password is in a command line
  if [ "$name" = rabbitmq-default-user ]; then # the form of RabbitMQ's cluster operator, whose file RabbitMQ reads
    password "$name" | {
      read -r word || true
      printf '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "%s"}, "stringData": {"username": "%s", "password": "%s", "default_user.conf": "default_user = %s\\ndefault_pass = %s\\n"}}' \
        "$name" "$name" "$word" "$name" "$word"
    } | kubectl --namespace twinpath create --filename -
  else
    password "$name" |
      kubectl --namespace twinpath create secret generic "$name" --from-literal=username="$name" --from-file=password=/dev/stdin
  fi
done
