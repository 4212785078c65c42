#!/bin/bash
# The version that converged last, so that a deployment that fails goes back to it as a whole: Swarm rolls back each service
# for itself, and those that have not failed keep the new version. A Docker config, because every manager can read it; its
# labels hold names, versions and digests, no values.
SERVING=metals-serving
SERVING_LABEL=com.metals.serving

# For jq: what the version that converged last names, by its variables; null where there is none.
# shellcheck disable=SC2016,SC2034 # jq's variables; swarm-evidence.sh and swarm-checks.sh read it
AS_DEPLOYED='def deployed($serving): (($serving.variables // []) | map(split("=") | {key: .[0], value: (.[1:] | join("="))}) | from_entries);
  def own_services: map(select(.Spec.Labels["com.docker.stack.namespace"] == "metals"));
  def short_name: .Spec.Name | ltrimstr("metals_");
  # Services that each have an image of their own.
  def with_images: keys[] | select(startswith("METALS_IMAGE_")) | ltrimstr("METALS_IMAGE_") | ascii_downcase | select(IN("tools", "zookeeper") | not);
  def image($deployed): $deployed["METALS_IMAGE_\(sub("-[0-9]+$"; "") | ascii_upcase)"];
  # Of a config that a service has, its name but for the hash, the hash, and the one that was deployed.
  def config($deployed): capture("^(?<stem>.+)-(?<hash>[0-9a-f]{8})$")
    | .deployed = $deployed["METALS_CONFIG_HASH_\(.stem | sub("-config$"; "") | ascii_upcase | gsub("-"; "_"))"] | select(.deployed != null);'

serving_record() { # KAFKA_MODE, variables as NAME=VALUE lines on stdin
  jq -cnR --arg bucket "${SSM_BundleBucket}" --arg key "${SSM_BundleKey}" --arg sha256 "${SSM_BundleSha256}" --arg mode "$1" \
    '{bucket: $bucket, key: $key, sha256: $sha256, kafka_mode: $mode, variables: [inputs]}'
}

# Nothing where no version has converged.
read_serving() {
  local config
  config=$(docker_query "/configs/${SERVING}" 2>/dev/null) || return 0
  jq -r --arg name "${SERVING_LABEL}" '.Spec.Labels[$name] // empty' <<<"${config}"
}

write_serving() { # RECORD
  local config labels
  [[ $(read_serving) != "$1" ]] || return 0
  labels=$(jq -cn --arg name "${SERVING_LABEL}" --arg record "$1" '{"com.metals.pipeline": "true", ($name): $record}')
  config=$(docker_query "/configs/${SERVING}" 2>/dev/null) || config=''
  if [[ -n ${config} ]]; then
    jq -c --argjson labels "${labels}" '.Spec | .Labels = $labels' <<<"${config}" |
      docker_api POST "/configs/$(jq -r .ID <<<"${config}")/update?version=$(jq -r .Version.Index <<<"${config}")" \
        -H 'Content-Type: application/json' --data-binary @- >/dev/null
  else
    jq -cn --arg name "${SERVING}" --argjson labels "${labels}" '{Name: $name, Labels: $labels, Data: ("see the labels" | @base64)}' |
      docker_api POST /configs/create -H 'Content-Type: application/json' --data-binary @- >/dev/null
  fi
}

# What a request to the edge of this node answers, by port; fails unless both are 200.
ports_answer() {
  local port code told='' is_serving=yes
  for port in 8000 8001; do
    code=$(curl -s -m 5 -o /dev/null -w '%{http_code}' "http://127.0.0.1:${port}/health") || true
    [[ ${code} == 200 ]] || is_serving=no
    told+="${told:+, }GET http://127.0.0.1:${port}/health: ${code}"
  done
  echo "${told}"
  [[ ${is_serving} == yes ]]
}

# Asks until the edge answers, and says what it answered: 000 stands for no answer at all.
tell_serving() { # SECONDS
  local told deadline=$((SECONDS + $1))
  until told=$(ports_answer); do
    ((SECONDS < deadline)) || { echo "NOT serving on this node: ${told}" && return 1; }
    sleep 1
  done
  echo "serving, asked on this node: ${told}"
}
