#!/bin/bash
# What producer and processor say of themselves. Docker knows less: an outage of Kafka or MongoDB makes no task unhealthy,
# because no restart would mend it.

edge_health() { # PORT
  curl -s -m 5 -w '\n%{http_code}' "http://127.0.0.1:$1/health" || true
}

# One that answers again is passed over for so long.
HEALTH_REPEAT_SECONDS=5

# As lines of JSON. Asked through the edge of this node until each replica has answered, because each answer is of one of
# them, and in no order: three times as often as there are replicas at most. Not again once there was none, so that it takes a
# few seconds at most.
ask_health() { # SERVICE PORT REPLICAS
  local asked answer known=0 seen=' ' until=$((SECONDS + HEALTH_REPEAT_SECONDS))
  for ((asked = 0; asked < 3 * $3 && known < $3; asked++)); do
    answer=$(edge_health "$2")
    # An edge that has just begun knows of no replica until DNS has answered it, which takes milliseconds.
    if [[ ${answer} == *:no-replica* ]]; then
      sleep 1
      answer=$(edge_health "$2")
    fi
    if [[ ${answer} =~ \"instance\":\"([0-9a-f]{12})\" ]]; then
      if [[ ${seen} == *" ${BASH_REMATCH[1]} "* ]]; then
        ((SECONDS < until)) || return 0
        continue
      fi
      seen+="${BASH_REMATCH[1]} "
    fi
    ((known += 1))
    printf '%s' "${answer}" | jq -cRs --arg service "$1" --arg port "$2" '
      (split("\n")) as $lines | ($lines[:-1] | join("\n") | fromjson? // {}) as $body | $lines[-1] as $code |
      {service: $service, http_status: ($code | tonumber? // 0), status: ($body.status | strings // "none"),
       reasons: ($body.reasons | arrays // [$body.detail | strings]), quorum: ($body.kafka_quorum | objects // null),
       per_second: ($body.processed_per_second | numbers // null), lag_records: ($body.lag_records | numbers // null)}
      | if .http_status == 200 or .reasons != [] then . else .reasons = ["GET http://127.0.0.1:\($port)/health: \($code)"] end
    '
    [[ ${answer##*$'\n'} == 200 ]] || return 0
  done
}

# One JSON list: of each service the answer that is furthest from healthy, with the reasons of all, and what all of those that
# have answered do together.
pipeline_health() { # state on stdin
  local state replicas name port
  state=$(cat)
  for name in producer processor; do
    port=8000
    [[ ${name} == producer ]] || port=8001
    replicas=$(jq -r --arg n "${name}" '.services[] | select(.name == $n) | .desired' <<<"${state}")
    ask_health "${name}" "${port}" "${replicas:-0}"
  done | jq -cs '
    def rank: {healthy: 0, degraded: 1, stopping: 2, starting: 3, stuck: 4}[.status] // 5;
    # Of those that are well; none where one of them does not say.
    def together(of): [.[] | select(.http_status == 200) | of] | if length > 0 and all(type == "number") then add else null end;
    group_by(.service) | map({
      service: .[0].service, status: (max_by(rank) | .status), reasons: (map(.reasons[] | strings | .[:300]) | unique | .[:8]),
      quorum: ([.[].quorum | objects] | last), answered: ([.[] | select(.http_status == 200)] | length),
      per_second: together(.per_second), lag_records: together(.lag_records)
    })'
}
