#!/bin/bash
# The version that converged last, so that a deployment that fails goes back to it as a whole: Swarm rolls back each service
# for itself, and those that have not failed keep the new version. A Docker config, because every manager can read it; its
# labels hold names, versions and digests, no values.
SERVING=metals-serving
SERVING_LABEL=com.metals.serving

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
