#!/bin/bash
# Changes nothing. Systems Manager keeps 24,000 characters, so the events are compressed, and the oldest stay out.
require_parameters Stage Since
require_manager

MOST_EVENTS=500
ROOM_BYTES=20000
now=$(date +%s)
since=$((now - SSM_Since))
told=$(docker_api GET "/events?since=${since}&until=${now}" -m 20 -G --data-urlencode 'filters={"scope":["swarm"]}' | jq -cs .)
events=$({ docker_query /nodes && docker_query /services && docker_query /tasks && echo "${told}"; } | swarm_events "${since}")
total=$(jq length <<<"${events}")
count=$((total < MOST_EVENTS ? total : MOST_EVENTS))
while :; do
  packed=$(jq -c --argjson count "${count}" 'if $count == 0 then [] else .[-$count:] end' <<<"${events}" | gzip -9n | base64 -w 0)
  ((${#packed} > ROOM_BYTES && count > 1)) || break
  count=$((count * ROOM_BYTES * 9 / ${#packed} / 10))
  ((count > 0)) || count=1
done
jq -cn --arg stage "${SSM_Stage}" --argjson leftOut $((total - count)) '{stage: $stage, left_out: $leftOut}'
echo "${packed}"
